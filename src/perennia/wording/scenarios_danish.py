"""Dansk: det, der ikke kan læses i en scenariefil, efter dets engelsk; det, der står i klammer, føres med over."""

WORDS = {
    "a scenario": "et scenarie",
    "a catalogue": "et katalog",
    "a tax rate": "en momssats",
    "a product": "en vare",
    "a plan": "en plan",
    "an add-on": "et tilvalg",
    "a price": "en pris",
    "a tier": "et trin",
    "a coupon": "en rabat",
    "a meter": "en måler",
    "an interval": "et interval",
    "an item": "en post",
    "a term": "en binding",
    "a step": "et trin",
    "a usage event": "en forbrugshændelse",
    "a line": "en linje",
    "line {number}": "linje {number}",
    "column {number}": "kolonne {number}",
    "a scenario has at most {most} MB": "et scenarie er på højst {most} MB",
    "a scenario has at most {most} values, {depth} deep": "et scenarie har højst {most} værdier, {depth} i dybden",
    "this is not UTF-8 text; save it as UTF-8": "det er ikke tekst i UTF-8; gem den som UTF-8",
    "this is not JSON: {reason}": "det er ikke JSON: {reason}",
    "this is not YAML: {reason}": "det er ikke YAML: {reason}",
    "this is nested too deeply": "det er indlejret for dybt",
    "the file is empty": "filen er tom",
    "a key is one word": "en nøgle er ét ord",
    "keys with values are expected here, as in {example}": "her skal stå nøgler med værdier, som i {example}",
    "{name} is missing": "{name} mangler",
    "{name} stands here twice": "{name} står her to gange",
    "{word} is no verb; did you mean {close}? the verbs are {known}": (
        "{word} er intet verbum; mente du {close}? verberne er {known}"
    ),
    "{word} is no verb; the verbs are {known}": "{word} er intet verbum; verberne er {known}",
    "{word} is no key of {kind}; did you mean {close}? the keys are {known}": (
        "{word} er ingen nøgle i {kind}; mente du {close}? nøglerne er {known}"
    ),
    "{word} is no key of {kind}; the keys are {known}": "{word} er ingen nøgle i {kind}; nøglerne er {known}",
    "{word} is no word for this; did you mean {close}? one of {known}": (
        "{word} er intet ord for dette; mente du {close}? et af {known}"
    ),
    "{word} is no word for this; one of {known}": "{word} er intet ord for dette; et af {known}",
    "one word or text is expected here": "her skal stå ét ord eller en tekst",
    "a text has no NUL and at most 10,000 characters": "en tekst har intet NUL og højst 10.000 tegn",
    "a text has no half of a surrogate pair, as {example} alone": (
        "en tekst har intet halvt surrogatpar, som {example} alene"
    ),
    "{text} is no number; write one like 12 or 12.50": "{text} er intet tal; skriv et som 12 eller 12.50",
    "{text} is no number; write it with a point and nothing between thousands, like 1250.50": (
        "{text} er intet tal; skriv det med punktum og intet mellem tusinder, som 1250.50"
    ),
    "{text} has more than {most} digits before or after the point": (
        "{text} har mere end {most} cifre før eller efter punktummet"
    ),
    "a whole number is expected here": "her skal stå et helt tal",
    "yes or no is expected here": "her skal stå yes eller no",
    "{text} is no day; write one like 2024-01-31": "{text} er ingen dag; skriv en som 2024-01-31",
    "{text} is no time; write 2024-01-31, 2024-01-31T12:00 or 2024-01-31T12:00+01:00": (
        "{text} er intet tidspunkt; skriv 2024-01-31, 2024-01-31T12:00 eller 2024-01-31T12:00+01:00"
    ),
    "the years run from {first} to {last}": "årene går fra {first} til {last}",
    "{text} is none of {known}, and no day like 2024-01-31": "{text} er ingen af {known} og ingen dag som 2024-01-31",
    "{text} is no interval; write month, 3 months, year or 14 days": (
        "{text} er intet interval; skriv month, 3 months, year eller 14 days"
    ),
    "a list of entries is expected here, each {example}": "her skal stå en liste af poster, hver {example}",
    "a list of prices is expected here": "her skal stå en liste af priser",
    "a list of tiers is expected here, each {example}": "her skal stå en liste af trin, hvert {example}",
    "two prices are called {code}; give each a code": "to priser hedder {code}; giv hver sin kode",
    "a coupon takes off a percent or an amount": "en rabat trækker en procent eller et beløb fra",
    "an item names one add_on, plan or price": "en post nævner ét add_on, plan eller price",
    "an entry has one verb; here are {verbs}": "en post har ét verbum; her er {verbs}",
    "{name} takes keys with values, as in {example}": "{name} tager nøgler med værdier, som i {example}",
    "a clock does not go back: `to` is earlier than `at`": "et ur går ikke tilbage: `to` er før `at`",
    "a plan with a list of prices": "en plan med en liste af priser",
    "an add-on with a list of prices": "et tilvalg med en liste af priser",
    "an entry is expected here, as in {example}": "her skal stå en post, som i {example}",
    "{one} and {other} cannot both be given; leave one out": "{one} og {other} kan ikke begge angives; udelad den ene",
    "{text} is no duration; write once, forever, 3 or 3 periods": (
        "{text} er ingen varighed; skriv once, forever, 3 eller 3 periods"
    ),
    "`<<` has no meaning here; write out what it stands for": "`<<` har ingen betydning her; skriv ud, hvad det står for",
}
