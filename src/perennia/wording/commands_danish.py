"""Dansk: det, kommandolinjen selv afviser, efter dets engelsk; det, der står i klammer, føres med over."""

WORDS = {
    "{text} is not an instant; write 2026-01-31 or 2026-01-31T12:00+01:00": (
        "{text} er ikke et tidspunkt; skriv 2026-01-31 eller 2026-01-31T12:00+01:00"
    ),
    "--to lies before --from": "--to ligger før --from",
    "the benchmarks are part of the source checkout, and {folder} is none; run ./bench there": (
        "målingerne hører til kildekoden, og {folder} er den ikke; kør ./bench dér"
    ),
    "{folder} holds no file ending in {endings}": "{folder} rummer ingen fil, der ender på {endings}",
    "name a file: --catalogue, --customers or --subscriptions; docs/import-format.md describes them": (
        "nævn en fil: --catalogue, --customers eller --subscriptions; docs/import-format.md beskriver dem"
    ),
    "{path}: this is a directory; name a CSV file": "{path}: det er en mappe; nævn en CSV-fil",
    "{path}: not a regular file; it is read twice": "{path}: ikke en almindelig fil; den læses to gange",
    "{path}: there is no such file": "{path}: den fil findes ikke",
    "{path}: this file cannot be read ({reason})": "{path}: filen kan ikke læses ({reason})",
    "--eu brings its own countries, percents, dates and sources; only --also goes with it": (
        "--eu har sine egne lande, satser, datoer og kilder med; kun --also går sammen med den"
    ),
    "--country says where the rate holds; --also goes with --eu": (
        "--country siger, hvor satsen gælder; --also går sammen med --eu"
    ),
    "a new rate takes --percent, --from and --source; --to without them ends the one in force": (
        "en ny sats kræver --percent, --from og --source; --to uden dem afslutter den gældende"
    ),
    "--percent {text} is not a number; write 25, or 25.5 with a point": (
        "--percent {text} er ikke et tal; skriv 25, eller 25.5 med punktum"
    ),
    "{text} is not a day; write one like 2026-01-31": "{text} er ikke en dag; skriv en som 2026-01-31",
    "{name} {text} is not a number; write 129, or 129.95 with a point": (
        "{name} {text} er ikke et tal; skriv 129, eller 129.95 med punktum"
    ),
    "--workers is 0 or more": "--workers er 0 eller mere",
    "--workers has no meaning with --payer, which bills one; leave it out": (
        "--workers giver ingen mening med --payer, der fakturerer én; udelad den"
    ),
    "at least one worker": "mindst én arbejder",
    "a worker ended with code {code}; what was done is kept, run it again.": (
        "en arbejder sluttede med kode {code}; det, der blev gjort, er bevaret, kør den igen."
    ),
    "{name} is no rule; there are {known}": "{name} er ingen regel; der er {known}",
    "{word} is no number": "{word} er intet tal",
    "a name is there twice": "et navn er der to gange",
    "the arguments are no JSON ({reason})": "argumenterne er ikke JSON ({reason})",
    "the arguments are one JSON object, as {example}": "argumenterne er ét JSON-objekt, f.eks. {example}",
    "{name} names no document; write `invoice 12`, `credit note 3`, or its id: inv_…": (
        "{name} nævner intet bilag; skriv `faktura 12`, `kreditnota 3` eller dets id: inv_…"
    ),
    "{count} documents are called {name}; name one by its id: {ids}": (
        "{count} bilag hedder {name}; nævn et ved dets id: {ids}"
    ),
    "the output could not be written: {reason}.": "udskriften kunne ikke skrives: {reason}.",
    "the database did not carry on ({reason}); what was done is kept, run it again.": (
        "databasen gik i stå ({reason}); det, der blev gjort, er bevaret, kør den igen."
    ),
}
