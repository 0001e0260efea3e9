"""What the text of a bank credit bears of a transfer: a reference that few others bear, or the name of its payer."""

import pytest

from connector_core.rules.bank_texts import Texts, bears_name, bears_reference, names, plain, references

REFERENCE = "26070"


def bears(label: str, text: str, *, body: str = "") -> tuple[bool, bool]:
    """Whether a credit bears a reference, and the name, where nobody else has transfers or credits."""
    texts = Texts([label], [text])
    payer, printed = texts.payer(label, body), texts.printed(text)
    return bears_reference(payer, printed), bears_name(payer, printed)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mutuelle des Métiers", "MUTUELLE DES METIERS"),
        ("  vir.sepa/CPAM-75 ", "VIR SEPA CPAM 75"),
        ("n° 12", "N 12"),
        ("", ""),
    ],
)
def test_a_text_is_compared_in_capitals_without_accents_and_signs(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "found"), [("AB123", {"AB123"}), ("A123", set()), ("12345", {"12345"}), ("CPAMX", set())]
)
def test_a_reference_is_a_word_with_digits_of_five_characters_or_more(text: str, found: set[str]) -> None:
    assert references(text) == found


@pytest.mark.parametrize(
    ("text", "found"), [("MSA", {"MSA"}), ("VAL DU", {"VAL"}), ("AG2R", set()), ("VIREMENT SEPA RECU", set())]
)
def test_a_name_is_of_words_of_three_letters_or_more_that_banks_do_not_print_themselves(
    text: str, found: set[str]
) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("label", "text", "found"),
    [
        (f"CPAM {REFERENCE}", f"VIR {REFERENCE} X", (True, False)),
        ("CPAM 2607", "VIR 2607 X", (False, False)),
        ("CPAM VALMONTEL", "VIR VALMONTEL NOEMIE CPAM", (False, True)),
        ("CPAM VALMONTEL", "VIR CPAM RIVEMONT", (False, False)),
        ("MSA", "VIR MSA", (False, True)),
        ("MSA", "VIR MSAX", (False, False)),
        ("AG", "VIR AG", (False, False)),
        ("VIR NOEMIE", "VIR NOEMIE", (False, False)),
        ("", "", (False, False)),
    ],
)
def test_what_a_credit_bears_of_a_label(label: str, text: str, found: tuple[bool, bool]) -> None:
    assert bears(label, text) == found


@pytest.mark.parametrize(
    ("body", "text", "named"),
    [
        ("01131", "VIR 01131", True),
        ("01 131", "VIR 01131", True),
        ("0113", "VIR 0113", False),
        ("01131", "VIR INST DUPONT", False),
        ("01131", "VIR 011310", False),
    ],
)
def test_the_number_of_a_payer_names_it_where_it_is_five_characters_or_more(body: str, text: str, named: bool) -> None:
    assert bears("", text, body=body) == (False, named)


def test_the_name_of_the_body_stands_in_for_that_of_a_label_without_one() -> None:
    assert bears(REFERENCE, "VIR MUTUELLE TILLEULS", body="Mutuelle Tilleuls") == (False, True)
    assert bears("CPAM", "VIR MUTUELLE TILLEULS", body="Mutuelle Tilleuls") == (False, False)


@pytest.mark.parametrize(
    ("announced", "printed", "distinctive"),
    [(1, 1, True), (4, 4, True), (5, 4, False), (4, 5, False), (1, 5, False), (5, 1, False)],
)
def test_a_word_that_more_than_four_transfers_or_credits_bear_is_no_reference(
    announced: int, printed: int, distinctive: bool
) -> None:
    """The number of the practitioner, which the caisse gives in each label and each bank prints, and the like."""
    texts = Texts([f"CPAM {REFERENCE}"] * announced, [f"VIR {REFERENCE}"] * printed)
    found = bears_reference(texts.payer(f"CPAM {REFERENCE}", ""), texts.printed(f"VIR {REFERENCE}"))
    assert found is distinctive
