"""Dansk: en sætning til hvert afslag, efter kode, eller efter kode og det, afslaget handler om."""

from perennia.wording import danish_reasons

SENTENCES = {
    "refused": "Det blev afvist.",
    "invalid_value": "{field} kan ikke være {value}: {reason}.",
    "policy_conflict": "{one} og {other} kan ikke gå sammen; vælg en af dem om.",
    "not_found": "Her findes ingen {kind} {id}; se efter, om det er skrevet rigtigt og hører til dette regnskab.",
    "not_found.tenant": "Der er intet regnskab ved navn {id}; `perennia tenant list` viser dem.",
    "not_found.business": (
        "Der er ingen virksomhed ved navn {id}; udelad --business for at oprette en. `perennia tenant list` viser "
        "regnskaberne."
    ),
    "not_found.payer set aside": "Betaleren {id} er ikke sat til side, så der er intet at frigive.",
    "already_exists": "Der er allerede en {kind} med samme {key}; vælg en anden, eller brug den, der er.",
    "already_exists.tenants_one_live": (
        "Virksomheden har allerede et rigtigt regnskab; det næste må være en sandkasse (--clock)."
    ),
    "already_exists.tenants_slug_key": (
        "Der er allerede et regnskab med det navn; vælg et andet. `perennia tenant list` viser dem."
    ),
    "already_exists.businesses_slug_key": (
        "Der er allerede en virksomhed med det navn; vælg et andet, eller giv den et regnskab til med --business."
    ),
    "unknown_currency": "{currency} er ikke en valuta, der kan faktureres i; skriv tre store bogstaver fra ISO 4217, "
    "f.eks. DKK.",
    "currency_mismatch": "Beløb i {expected} og i {given} kan ikke stå sammen; brug priser i én valuta.",
    "unknown_zone": "{zone} er ikke en tidszone; skriv en fra IANA's liste, f.eks. Europe/Copenhagen.",
    "move_not_permitted": "Det, der er {state}, kan ikke blive {to}; se på tilstanden, før du prøver igen.",
    "subscription_ended": (
        "{subscription} er slut, så intet kan ændres i den; tag den op igen med en ny start (reactivate)."
    ),
    "not_trialing": (
        "{subscription} er ikke på prøve, så der er ingen at afslutte; giv den først en, eller opsig den."
    ),
    "already_paused": (
        "{subscription} har allerede en pause fra {starts_at}; genoptag den først, eller vent, til den er forbi."
    ),
    "not_paused": ("{subscription} har ingen pause, hverken nu eller senere; sæt den først på pause."),
    "not_canceling": ("{subscription} har ingen slutning foran sig; en afsluttet aftale kan genoptages i stedet."),
    "still_running": (
        "{subscription} er ikke slut, så der er intet at tage op igen; fortryd i stedet dens opsigelse, hvis den har en."
    ),
    "withdrawal_over": ("{subscription} kunne fortrydes indtil {until}; opsig den i stedet."),
    "catch_up": (
        "{subscription} er {periods} perioder bagud, og højst {limit} faktureres uset; find grunden, og fakturér så "
        "betaleren for sig: `perennia bill --payer`."
    ),
    "billing_stuck": (
        "Det, {payer} skal betale {at}, bliver ikke gjort færdigt, når det faktureres; intet er skrevet. Det er en fejl i "
        "Perennia: meld den sammen med det, der sidst blev bedt om, og tag det tilbage."
    ),
    "clock_moving": "Uret i {tenant} er ved at blive stillet, og andre ændringer venter; prøv igen, når det er nået "
    "frem.",
    "clock_goes_forward": "Et ur går aldrig tilbage, og dette står på {now}, efter {to}; angiv et senere tidspunkt.",
    "live_clock": (
        "{tenant} er et rigtigt regnskab og følger maskinens ur; kun en sandkasses ur stilles i hånden "
        "(`perennia tenant create --clock` laver en)."
    ),
    "tax_rates_overlap": (
        "{country} har allerede en sats på {percent} % for {tax_class} fra {valid_from} til {valid_to}, og to kan ikke "
        "gælde samme dag; afslut den først (`perennia tenant tax SLUG --country {country} --class {tax_class} "
        "--to DATO`), eller vælg andre datoer."
    ),
    "no_open_tax_rate": (
        "{country} har ingen sats for {tax_class}, som {valid_to} kunne afslutte; det kræver en uden slutning, der "
        "begyndte før."
    ),
    "file_unreadable": "Filen {file} kan ikke læses ({reason}), så intet blev skrevet; se, at den er der og må læses.",
    "file_changed": "Filen {file} er ikke den, der blev kontrolleret, så intet blev skrevet; kør importen igen.",
    "unknown_argument": "{rule} har intet argument {name}; det nærmeste er {nearest}, og docs/rules.md har dem alle.",
    "missing_argument": "{rule} mangler argumentet {name}; docs/rules.md viser et eksempel.",
    "more_than_left": "{given} er mere end de {left}, der er tilbage af {kind} {id}; angiv højst så meget.",
    "nothing_left": (
        "Der er intet tilbage af {kind} {id} at kreditere, betale tilbage eller opkræve; se, hvad der er gjort ved det før."
    ),
    "already_exists.payments_reference": (
        "Der er bogført en anden betaling med den reference, af en anden betaler eller på et andet beløb; brug denne "
        "betalings egen."
    ),
    "already_exists.refunds_key": "Nøglen er brugt til en anden tilbagebetaling; giv hver sin egen.",
    "quantity_above_tiers": (
        "Prisen har trin til højst {most}, og {quantity} ligger over dem; tag færre, eller en pris med et åbent trin."
    ),
    "price_not_sold": (
        "{price} sælges fra {sold_from} til {sold_until}, altså ikke {at}; vælg en anden af planens priser."
    ),
    "not_found.document": (
        "Her er intet bilag {id}; nævn et af dette regnskabs, som `faktura 12`, `kreditnota 3` eller ved dets id."
    ),
    "not_found.line": "Der er ingen linje {id}; `perennia explain BILAG` viser et bilags linjer.",
    "price_replaced": "{price} er allerede afløst af {successor}; afløs den i stedet.",
    "code_unknown": "Ingen rabat svarer til {given}; se efter, om koden er skrevet rigtigt.",
    "coupon_exhausted": "{given} er indløst så mange gange, som den må; brug en anden kode.",
    "coupon_expired": "{given} kunne indløses indtil {valid_to} og ikke længere; brug en anden kode.",
    "coupon_not_yet_valid": "{given} kan indløses fra {valid_from}; kom igen til den tid, eller brug en anden kode.",
    "coupon_not_for_this": (
        "{given} gælder andre planer eller varer end disse; vælg det, den gælder, eller brug en anden kode."
    ),
    "coupon_used_by_customer": (
        "{given} må indløses {limit} gange af én kunde, og det har denne gjort; brug en anden kode."
    ),
    "coupon_for_new_customers": "{given} gælder en første aftale, og kunden har haft en; brug en anden kode.",
    "coupon_attached": "{given} virker der allerede; indløs den et andet sted, eller brug en anden kode.",
    "payer_chain": (
        "{payer} kan ikke betale her: den, der betaler for andre, betaler ingen for; angiv den, der betaler til sidst."
    ),
    "payer_unsettled": (
        "{payer} skylder endnu for disse aftaler ({documents} åbne bilag); få dem betalt, og skift så, hvem der betaler."
    ),
    "usage_refused": "Forbrugshændelsen {event} tælles ikke: {kind}.",
    "change_pending": (
        "Det, der er bestilt på {subscription}, venter på sin betaling til {until}; få det betalt, eller tag det tilbage."
    ),
    "not_a_plan": "{price} er et tilvalgs pris; skift til en plans pris, og læg tilvalg til som post.",
    "not_an_add_on": "{price} er en plans pris, og en aftale har én; læg et tilvalg til, eller skift plan.",
    "other_product": "{price} hører til en anden vare; skift til en af denne vares planer, eller tegn en ny aftale.",
    "start_too_early": (
        "En start den {start} ville fakturere alle perioder siden; ingen ligger før {earliest}. Nævn en senere dato, eller "
        "importér aftalen med, hvor langt den er faktureret."
    ),
    "already_subscribed": "En kunde kan have varen én gang og har den med {subscription}; skift eller afslut den aftale.",
    "already_exists.subscriptions_one_per_product": "En kunde kan have varen én gang og har den; se på den aftale.",
    "not_found.invoice of customer": (
        "Kunden har ingen faktura {id}; `document` er en fakturas nummer eller `last`, et beløb står under `amount`."
    ),
    "not_found.payment of customer": "{id} har intet betalt, der kunne betales tilbage; først kommer en record_payment.",
    "several_customers": "Der er flere kunder ({customers}); sig, hvem der menes, som customer: NAVN.",
    "not_found.subscription of customer": (
        "{id} har ingen aftale; se, om dens subscribe blev afvist, eller nævn den kunde eller aftale, der menes."
    ),
}

# By their English, as gettext has it; what stands in braces is carried over.
WORDS = {
    **danish_reasons.WORDS,
    "payments": "betaling",
    "refunds": "tilbagebetaling",
    "payments_reference": "reference",
    "refunds_key": "nøgle",
    "po_number": "ordrenummeret",
    "net_days": "betalingsfristen",
    "expires_at": "kredittens udløb",
    "document": "bilaget",
    "invoice": "faktura",
    "line": "linje",
    "lines": "linjerne",
    "payment": "betaling",
    "refund": "tilbagebetaling",
    "pending charge": "ventende opkrævning",
    "legal entity": "juridisk enhed",
    "reference": "referencen",
    "reason": "begrundelsen",
    "key": "nøglen",
    "name": "navnet",
    "becomes": "det, krediteringen bliver til,",
    "when": "tidspunktet",
    "at": "tidspunktet",
    "paid": "betalt",
    "void": "annulleret",
    "succeeded": "gennemført",
    "failed": "mislykket",
    "created": "oprettet",
    "0 or above": "0 eller derover",
    "above 0, up to {most} minor units": "over 0, højst {most} i valutaens mindste enhed",
    "1 to {most} lines": "1 til {most} linjer",
    "a credit note gives back already; credit the invoice": "en kreditnota giver allerede tilbage; kreditér fakturaen",
    "a line that gives back is not credited": "en linje, der giver tilbage, krediteres ikke",
    "an amount or a quantity, not both": "et beløb eller et antal, ikke begge",
    "balance or refund": "balance eller refund",
    "credit ends later than now": "kredit udløber senere end nu",
    "money cannot have arrived later than now": "penge kan ikke være kommet senere end nu",
    "money is booked on a customer or on an invoice": "penge bogføres på en kunde eller på en faktura",
    "no charge is above 10^17 minor units": "ingen opkrævning er over 10^17 i valutaens mindste enhed",
    "now or next_invoice": "now eller next_invoice",
    "one line or more, each of them once": "en linje eller flere, hver af dem én gang",
    "a charge is of a customer or of a subscription": "en opkrævning gælder en kunde eller en aftale",
    "prices_replaced_once": "pris, der skal afløses",
    "period_minimum": "periodens mindstebeløb",
    "setup_fee": "oprettelsen",
    "trial_days": "prøvedagene",
    "package_size": "pakkens størrelse",
    "free_units": "den frie del",
    "fixed_amount": "beløbet pr. hændelse",
    "tax_class": "momsklassen",
    "tiers": "trinene",
    "scale": "antallet af decimaler",
    "model": "modellen",
    "timing": "tidspunktet",
    "minimum": "mindstebeløbet",
    "maximum": "højestebeløbet",
    "a {model} price has no unit amount": "en pris af typen {model} har ingen stykpris",
    "its beginning": "begyndelsen",
    "a {model} price needs it": "en pris af typen {model} skal have det",
    "a {model} price has none": "en pris af typen {model} har det ikke",
    "what is metered is charged in arrears": "det, der måles, opkræves bagud",
    "a flat price does not depend on a meter": "en fast pris afhænger ikke af en måler",
    "a rate is from 0 to 100 percent": "en sats er fra 0 til 100 procent",
    "not below the minimum": "ikke under mindstebeløbet",
    "at most {most} tiers": "højst {most} trin",
    "a tier of a stairstep price has a flat amount and none per unit": (
        "et trin i en trappepris har et fast beløb og intet pr. stk."
    ),
    "only a block price has blocks": "kun en blokpris har blokke",
    "each tier reaches further than the one before it": "hvert trin rækker længere end det foregående",
    "a tier of a block price ends after so many blocks, not at a quantity": (
        "et trin i en blokpris slutter efter et antal blokke, ikke ved et antal"
    ),
    "each tier of a block price has a block size": "hvert trin i en blokpris har en blokstørrelse",
    "a tier holds at least one block": "et trin rummer mindst én blok",
    "only the last tier is open": "kun det sidste trin er åbent",
    "above 0, at most 10 to the 15th": "over 0, højst 10 i 15. potens",
    "a quantity is not negative": "et antal er ikke negativt",
    "only a price that is flat, per unit or by package can have an amount of its own": (
        "kun en pris, der er fast, pr. stk. eller pr. pakke, kan have sit eget beløb"
    ),
    "a metered price is sold once; how many of it is what was used": (
        "en målt pris sælges én gang; antallet er det, der er brugt"
    ),
    "this price has at most {digits} decimals in a quantity": "denne pris har højst {digits} decimaler i et antal",
    "a calculation of format 2 holds a scheme": "en beregning i format 2 har sine trin med",
    "beyond the last tier": "over det sidste trin",
    "what is sold changes from now on, not before": "det, der sælges, ændres fra nu af, ikke før",
    "tax_id": "momsnummeret",
    "tax_status": "momsstatus",
    "region": "regionen",
    "exempt_reason": "grunden til momsfritagelse",
    "reverse charge needs the buyer's tax number": "omvendt betalingspligt kræver køberens momsnummer",
    "an exempt customer has a reason, and nobody else has one": (
        "en momsfri kunde har en grund til det, og ingen anden har en"
    ),
    "a region of the customer's country is written like {country}-01 (ISO 3166-2)": (
        "en region i kundens land skrives som {country}-01 (ISO 3166-2)"
    ),
    "1 to {longest} letters and digits": "1 til {longest} bogstaver og cifre",
    "no VAT number of {country} is written like that": "intet momsnummer i {country} skrives sådan",
    "its check digit does not fit; look for a slip of the pen": "kontrolcifret passer ikke; se efter en tastefejl",
    "neither a country of ISO 3166 like PT nor a part of one like PT-20": (
        "hverken et land i ISO 3166 som PT eller en del af et som PT-20"
    ),
    "there are rates for the European Union and {countries}": "der er satser for EU og {countries}",
    "coupon_codes": "kode",
    "coupon_codes_pkey": "skrivemåde",
    "customer_discounts": "rabat",
    "discount": "rabat",
    "plan or product": "plan eller vare",
    "coupon_id": "rabatkoden",
    "code": "koden",
    "count": "antallet",
    "currency": "valutaen",
    "max_redemptions": "antallet af indløsninger",
    "max_per_customer": "antallet af indløsninger pr. kunde",
    "subscription_id": "aftalen",
    "a percent has no currency": "en procent har ingen valuta",
    "a whole number from 1 to {most}": "et helt tal fra 1 til {most}",
    "after the coupon's first day": "efter rabattens første dag",
    "1 to {longest} printable characters": "1 til {longest} tegn, der kan trykkes",
    "a subscription or a customer": "enten en aftale eller en kunde",
    "language": "sproget",
    "channel": "kanalen",
    "notice": "beskeden",
    "wording": "ordlyden",
    "source": "kilden",
    "fingerprint": "kortets kendetegn",
    "two small letters like da, or like pt-BR": "to små bogstaver som da, eller som pt-BR",
    "next_zone": "tidszonen",
    "address": "adressen",
    "email": "e-mailadressen",
    "number_series": "nummerrækken",
    "serves": "de betjente lande",
    "another legal entity serves this country": "et andet selskab betjener dette land",
    "one of continuous, yearly": "en af continuous, yearly",
    "key_reused": "dens nøgle er brugt før til noget andet; giv hver hændelse sin egen",
    "bad_key": "dens nøgle skal være 1 til 200 synlige tegn",
    "bad_time": "dens tidspunkt mangler afstanden fra UTC",
    "bad_value": "dens værdi skal være et decimaltal under 10 i 15. potens med højst 12 decimaler",
    "bad_who": "den skal sige, hvem den handler om, med 1 til 200 synlige tegn",
    "bad_properties": "dens egenskaber skal være tekster, tilsammen under 4.000 bytes",
    "negative_value": "dens måler tager ikke værdier under nul",
    "unknown_meter": "ingen måler har den kode",
    "unknown_subscription": "ingen aftale hedder sådan, eller ingen af kundens var begyndt og ikke sluttet da",
    "several_subscriptions": "dens kunde har flere aftaler; nævn én",
    "before_start": "den ligger før aftalens start",
    "after_end": "den ligger efter aftalens slutning",
    "in_the_future": "den ligger i fremtiden",
    "late_window_closed": "dens periode er faktureret, og sene hændelser tages ikke længere; krediter linjen i stedet",
    "cap_reached": "den går ud over aftalens loft for perioden",
    "corrected": "den gælder en hændelse, der er rettet før; ret rettelsen",
    "meters": "måler",
    "meters_code": "kode",
    "meter": "måler",
    "usage event": "forbrugshændelse",
    "usage limit": "forbrugsgrænse",
    "events": "antallet af hændelser",
    "limit": "grænsen",
    "negative": "tegnet",
    "unit": "enheden",
    "only a sum has parts below zero": "kun en sum har dele under nul",
    "1 to {most} events at once": "1 til {most} hændelser ad gangen",
    "a quantity, or of an alert an amount instead": "et antal, eller for en advarsel et beløb i stedet",
    "unique people are counted up to a limit (stop), not refused": (
        "forskellige personer tælles op til en grænse (stop), men afvises ikke"
    ),
    "a measured value is below 10 to the 15th and has at most 12 decimals": (
        "en målt værdi er under 10 i 15. potens og har højst 12 decimaler"
    ),
    "from 1 to {most} months": "fra 1 til {most} måneder",
    "it has prices of several currencies or intervals; name one of them: {codes}": (
        "den har priser i flere valutaer eller perioder; nævn en af dem: {codes}"
    ),
    "it has no price": "den har ingen pris",
    "it is metered, and what will be used nobody knows": "den afregnes efter forbrug, og ingen ved hvor meget der bruges",
    "a price is not below zero": "en pris er ikke under nul",
    "a price for everyone begins today or later": "en pris for alle begynder i dag eller senere",
    "months": "antallet af måneder",
    "from": "begyndelsen",
    "draft": "udkast",
    "drafts": "udkast",
    "attempt": "betalingsforsøg",
    "payment_behavior": "betalingsmåden",
    "incomplete": "afventer betaling",
    "incomplete_expired": "aldrig betalt",
    "a change that is to be paid first takes effect now": "en ændring, der skal betales først, træder i kraft nu",
    "allow or incomplete": "allow eller incomplete",
    "a step comes on a date, or after so many periods": "et trin kommer på en dato eller efter så mange perioder",
    "a step names a price, a quantity or an amount": "et trin nævner en pris, et antal eller et beløb",
    "each step comes after the one before it": "hvert trin kommer efter det foregående",
    "from 1 to {MOST_STEPS} steps": "fra 1 til {MOST_STEPS} trin",
    "ramp": "trinene",
    "after_periods": "antallet af perioder",
    "item": "post",
    "change": "ændring",
    "a period comes to less than 0": "en periode koster mindre end 0",
    "with it the plan and its add-ons come to {comes_to} a period": "med den koster plan og tilvalg {comes_to} pr. periode",
    "adjustment": "reguleringen",
    "one period comes to {whole}; no document is above {largest}": "en periode er {whole}; intet bilag er over {largest}",
    "a flat price is sold once; use a price of model per_unit": "en fast pris sælges én gang; brug en pr. enhed (per_unit)",
    "subscription of customer": "kundens aftale",
    "write it as name@example.com": "skriv den som navn@eksempel.dk",
    "at most {most} characters": "højst {most} tegn",
    "coupon_end": "rabattens slutning",
    "invoice of customer": "kundens faktura",
    "payment of customer": "kundens betaling",
    "anniversary, calendar, customer_day, base, or billing_day(n) with a day from 1 to 31": (
        "anniversary, calendar, customer_day, base eller billing_day(n) med en dag fra 1 til 31"
    ),
    "the anchor is on another day of the month; leave one out": "anchor er en anden dag i måneden; udelad den ene",
}
