"""A further language is a file: nothing else has to be written, registered or compiled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.translations import main
from tests.support.account import mails
from tests.support.platform import Request, answer, make_platform, sign_in, visible

ROOT = Path(__file__).resolve().parents[2]
ITALIAN = {
    "Approve": "Consenti",
    "Deny": "Rifiuta",
    "History": "Cronologia",
    "Confirmation number: %(number)s": "Numero di conferma: %(number)s",
    "You allowed %(name)s to %(what)s.": "Ha consentito a %(name)s di %(what)s.",
    "see %(labels)s": "vedere dati (%(labels)s)",
    "%(first)s and %(last)s": "%(first)s e %(last)s",
    "From now until %(day)s, or until you stop it.": "Da ora fino al %(day)s, o finché Lei lo interrompe.",
}
SCOPES = """
[[scope]]
id = "sites.read"
label = "I Suoi siti"
sees = "Nomi e indirizzi."
cannot = "Vedere persone o letture."
example = "Ufficio di Lione"
sensitivity = "Mostra dove Lei opera."
cluster = "I Suoi siti"
"""


def catalog(sentences: dict[str, str]) -> str:
    said = "".join(f'\nmsgid "{msgid}"\nmsgstr "{msgstr}"\n' for msgid, msgstr in sentences.items())
    head = r'"Language: it\nContent-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"'
    return f'msgid ""\nmsgstr ""\n{head}\n{said}'


@pytest.fixture
def platform(tmp_path):
    written = tmp_path / "theme" / "locales" / "it" / "LC_MESSAGES" / "consentcore.po"
    written.parent.mkdir(parents=True)
    written.write_text(catalog(ITALIAN), "utf-8")
    for path in (ROOT / "plugins" / "consentcore_scopes_file").glob("*.toml"):
        shutil.copy(path, tmp_path)
    (tmp_path / "energy.it.toml").write_text(SCOPES, "utf-8")
    extra = f"consentcore.web.theme = {tmp_path}/theme\nconsentcore.plugin.scopes_file.path = {tmp_path}/energy.toml"
    made = make_platform(tmp_path, extra=extra)
    made.add_owner("bianca@example.org", "Bianca", "it")
    yield made
    made.runtime.close()


def test_cp_60_a_fifth_language_is_a_file(platform):
    browser = platform.browser()
    request = Request(scope="sites.read comfort.read", extra={"ui_locales": "it-CH"})
    page = sign_in(browser, browser.get(request.url).follow(), "bianca@example.org")
    assert page.html.html["lang"] == page.headers["Content-Language"] == "it"
    assert [button.text for button in page.html.select("button[name=decision]")] == ["Consenti", "Rifiuta"]
    assert "I Suoi siti" in visible(page)
    untold = page.html.find("strong", string="Room climate").find_parent("li")
    assert untold["lang"] == "en", "what it lacks is English, and says so"
    answer(page, "approve")
    history = browser.get("/consents/history")
    assert "Ha consentito a CoolSite di vedere dati (room climate e i Suoi siti)." in visible(history)
    assert "Italiano" in visible(browser.get("/account/language"))
    (mail,) = mails(platform, "bianca@example.org")
    assert "Numero di conferma: " in mail.get_body(("plain",)).get_content()
    assert '<html lang="it">' in mail.get_body(("html",)).get_content()


def test_make_translations_says_what_it_lacks(tmp_path, capsys):
    for folder in ("consentcore/i18n/locales", "plugins/consentcore_login_local/locales"):
        target = tmp_path / folder
        target.mkdir(parents=True)
        for template in (ROOT / folder).glob("*.pot"):
            shutil.copy(template, target)
    here = tmp_path / "consentcore/i18n/locales/it/LC_MESSAGES/consentcore.po"
    here.parent.mkdir(parents=True)
    here.write_text(catalog(ITALIAN), "utf-8")
    assert main(tmp_path) == 1
    said = capsys.readouterr().out
    assert said.startswith("it: ")
    assert "missing: 'Keep access'" in said
    assert "missing: 'Approve'" not in said
    assert "consentcore_login_local.po: missing:" in said
