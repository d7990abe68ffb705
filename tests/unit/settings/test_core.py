"""The core's settings, and both INIs of the repository."""

from __future__ import annotations

import configparser
import dataclasses
import re
from base64 import b64encode
from pathlib import Path

import pytest

from consentcore.api import ConfigurationError
from consentcore.config import load_ini, load_mapping
from consentcore.settings import CoreSettings, OAuthSettings, WebSettings
from consentcore.settings.binding import PREFIX, fields_of, keys_of

ROOT = Path(__file__).resolve().parents[3]
BASE = {
    "consentcore.issuer": "https://as.example",
    "consentcore.keys": "keys",
    "consentcore.storage": "memory",
    "consentcore.login": "login_local",
    "consentcore.scopes": "scopes_file",
}
PRODUCTION = {
    "CONSENTCORE_ISSUER": "https://consent.example.com",
    "CONSENTCORE_MASTER_KEYS": b64encode(b"m" * 32).decode(),
    "CONSENTCORE_DATABASE_URL": "postgresql://user:hush@db.example/consent",
    "CONSENTCORE_SMTP_HOST": "mail.example",
    "CONSENTCORE_SMTP_USERNAME": "",
    "CONSENTCORE_SMTP_PASSWORD": "",
    "CONSENTCORE_SMTP_SENDER": "Consent <consent@example.com>",
}


def load(environ=None, **changes):
    """``oauth__prefix="/x"`` changes ``consentcore.oauth.prefix``."""
    values = BASE | {PREFIX + key.replace("__", "."): value for key, value in changes.items()}
    return load_mapping({}, values, environ=environ or {})


def problems(**changes):
    with pytest.raises(ConfigurationError) as caught:
        load(**changes)
    return list(caught.value.problems)


def test_defaults_are_those_of_the_design():
    found = load().settings
    assert found.oauth == OAuthSettings(
        prefix="/ecostruxure/v1/oauth",
        code_ttl_s=60,
        access_token_ttl_s=3600,
        refresh_token_ttl_s=86400,
        offline_refresh_token_ttl_s=180 * 86400,
        refresh_grace_s=60,
        interaction_ttl_s=600,
        require_pkce=False,
    )
    assert (found.server.mode, found.server.max_body_bytes, found.worker.embedded) == (
        "direct",
        262144,
        False,
    )
    assert (found.web.hsts_s, found.web.operator_name, found.consent.default_days) == (
        0,
        "Your Energy Company",
        365,
    )


def test_pages_and_cookies_follow_the_issuer():
    found = load().settings
    assert (found.web_url, found.web.secure_cookies) == ("https://as.example", True)
    assert load(issuer="http://127.0.0.1:6543").settings.web.secure_cookies is False
    chosen = load(web_url="https://pages.example", web__secure_cookies="false").settings
    assert (chosen.web_url, chosen.web.secure_cookies) == ("https://pages.example", False)


def test_settings_can_be_made_directly():
    made = CoreSettings(issuer="http://localhost", keys="k", storage="memory", login="l", scopes=("s",))
    assert (made.web_url, made.web) == ("http://localhost", WebSettings(secure_cookies=False))


@pytest.mark.parametrize(
    "issuer",
    ["http://as.example", "as.example", "https://", "https://as.example?x=1", "https://as.example/#x", "ftp://as.example",
     "https://me:hush@as.example", "https://as.example:port", "https://as example", "https://[::1"],
)  # fmt: skip
def test_issuer_must_be_an_https_url_without_query_and_fragment(issuer):
    (line,) = problems(issuer=issuer)
    assert "consentcore.issuer: expected" in line


@pytest.mark.parametrize(
    "issuer", ["http://localhost:1", "http://127.0.0.1", "http://[::1]:8080/x", "https://a.example/t1"]
)
def test_issuer_may_be_http_on_this_machine(issuer):
    assert load(issuer=issuer).settings.issuer == issuer


@pytest.mark.parametrize(
    ("written", "taken_for"),
    [
        ("https://Consent.Example", "https://consent.example"),
        ("HTTPS://consent.example", "https://consent.example"),
        ("https://consent.example:443", "https://consent.example"),
        ("https://CONSENT.example.:443/Tenant/", "https://consent.example/Tenant/"),
        ("https://consent.example:8443", "https://consent.example:8443"),
        ("https://consent.example/", "https://consent.example/"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://my_app.example", "https://my_app.example"),
        ("https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_issuer_and_web_url_are_written_as_browsers_write_origins(written, taken_for):
    """RFC 6454 section 6.2: lower case, no default port. The path is compared byte for byte and stays."""
    found = load(issuer=written, web_url=written)
    assert (found.settings.issuer, found.settings.web_url) == (taken_for, taken_for)
    assert found.settings.web.secure_cookies is taken_for.startswith("https:")
    said = [line for line in found.warnings if taken_for in line]
    assert len(said) == (2 if written != taken_for else 0)
    made = CoreSettings(issuer=written, keys="k", storage="memory", login="l", scopes=("s",))
    assert made.web_url == taken_for


@pytest.mark.parametrize(
    "issuer",
    ["https://a.example/x/../y", "https://a.example/./x", "https://a.example//x", "https://a.example/%74enant",
     "https://[::1]x", "https://a b", "https://\u2603.example", "https://a\u202eb.example", "https://@a.example",
     "https://127.1", "https://0x7f.0.0.1", "https://127.0.0.01", "https://2130706433", "https://a.example.0x10",
     "https://%61.example"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["issuer", "web_url"])
def test_url_that_no_browser_would_write_so_is_refused_by_name(key, issuer):
    (line,) = problems(**{key: issuer})
    assert f"consentcore.{key}: expected" in line


def test_addresses_on_pages_and_in_mails_have_their_names_of_today():
    """IDNA 2003 would lead whoever follows them to strasse.example."""
    urls = {
        "web__privacy_url": "https://straße.example/p",
        "web__complaint_url": "https://straße.example/c?é",
    }
    web = load(web__support_email="hilfe@straße.example", **urls).settings.web
    assert web.privacy_url == "https://xn--strae-oqa.example/p"
    assert web.complaint_url == "https://xn--strae-oqa.example/c?é"
    assert web.support_email == "hilfe@xn--strae-oqa.example"
    assert any("privacy_url: expected" in line for line in problems(web__privacy_url="https://[x"))


def test_text_that_is_no_unicode_is_said_by_its_key():
    """An environment variable in Latin-1 arrives with surrogates, and no page could be written with it."""
    (said,) = problems(web__operator_name="\udce9nergie")
    assert "consentcore.web.operator_name" in said
    assert "expected text in UTF-8, without U+DCE9" in said


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("oauth__prefix", "oauth"),
        ("oauth__prefix", "/a b"),
        ("oauth__prefix", "/{x}"),
        ("oauth__code_ttl_s", "0"),
        ("oauth__code_ttl_s", "601"),
        ("oauth__refresh_grace_s", "-1"),
        ("server__mode", "fast"),
        ("server__workers", "0"),
        ("server__trusted_proxies", "proxy.example"),
        ("web__theme", "/no/such/folder"),
        ("web__privacy_url", "javascript:alert(1)"),
        ("oauth__protected_resources", "api.example"),
        ("oauth__protected_resources", "http://api.example/rooms"),
        ("oauth__protected_resources", "https://api.example/rooms#top"),
        ("oauth__protected_resources", "https://api.example/rooms https://api.example/a/../b"),
        ("scopes", ""),
        ("storage", ""),
        ("issuer", ""),
        ("worker__embedded", "perhaps"),
    ],
)
def test_values_out_of_their_rules_are_named(key, value):
    assert any(f"{PREFIX}{key.replace('__', '.')}" in line for line in problems(**{key: value}))


def test_unknown_keys_are_errors_with_the_nearest_name():
    assert problems(oauth__code_tll_s="60") == [
        "settings: consentcore.oauth.code_tll_s: unknown setting; did you mean consentcore.oauth.code_ttl_s?"
    ]


def test_keys_of_others_in_the_section_are_none_of_our_business():
    assert load_mapping({"here": "/"}, {**BASE, "pyramid.reload_templates": "true"}, environ={})


def test_environment_overrides():
    found = load(
        environ={"CONSENTCORE_OAUTH__CODE_TTL_S": "30", "CONSENTCORE_ISSUER": "https://other.example"}
    )
    assert (found.settings.oauth.code_ttl_s, found.settings.issuer) == (30, "https://other.example")


def test_environment_can_give_everything():
    environ = {"CONSENTCORE_" + key.removeprefix(PREFIX).upper(): value for key, value in BASE.items()}
    assert load_mapping({}, {}, environ=environ).settings.issuer == "https://as.example"


def test_paste_factory_gets_lines_from_the_file(tmp_path):
    ini = tmp_path / "a.ini"
    ini.write_text("[app:main]\nuse = egg:consentcore#main\nconsentcore.oauth.code_ttl_s = x\n")
    with pytest.raises(ConfigurationError) as caught:
        load_mapping({"__file__": str(ini)}, {**BASE, "consentcore.oauth.code_ttl_s": "x"}, environ={})
    assert caught.value.problems == (
        f"{ini} line 3: consentcore.oauth.code_ttl_s = x: expected a whole number",
    )


def test_listen_comes_from_the_server_section(tmp_path):
    ini = tmp_path / "a.ini"
    app = "[app:main]\n" + "".join(f"{key} = {value}\n" for key, value in BASE.items())
    for server, listen in [
        ("", "127.0.0.1:6543"),
        ("[server:main]\nlisten = 0.0.0.0:80\n", "0.0.0.0:80"),
        ("[server:main]\nhost = ::1\nport = 81\n", "[::1]:81"),
    ]:
        ini.write_text(app + server)
        assert load_ini(ini, environ={}).listen == listen


def test_development_ini_loads_as_it_stands_and_can_be_inherited(tmp_path):
    found = load_ini(ROOT / "development.ini", environ={})
    assert found.warnings == ()
    assert found.settings.worker.embedded is True
    assert found.registry.names() == (
        "sqlalchemy",
        "login_local",
        "scopes_file",
        "devmail",
        "webhook",
        "resources_file",
    )
    assert len([scope for scope in found.registry.catalog() if scope.scope_id != "offline_access"]) >= 2
    own = tmp_path / "own.ini"
    base = ROOT / "development.ini"
    use = f"use = config:{base}\n"
    own.write_text(f"[app:main]\n{use}consentcore.storage = memory\n[server:main]\n{use}")
    inherited = load_ini(own, environ={})
    assert (inherited.settings.storage, inherited.listen) == ("memory", "127.0.0.1:6543")
    assert any("sqlalchemy is not named" in warning for warning in inherited.warnings)


def test_production_ini_loads_with_exactly_the_variables_of_its_header():
    text = (ROOT / "production.ini").read_text()
    header, _, body = text.partition("[app:main]")
    named = set(re.findall(r"^#   (CONSENTCORE_[A-Z_]+) ", header, re.MULTILINE))
    used = set(re.findall(r"= env:(\w+)$", body, re.MULTILINE))
    assert named == used == set(PRODUCTION)
    found = load_ini(ROOT / "production.ini", environ=PRODUCTION)
    assert found.warnings == ()
    assert (found.settings.server.mode, found.settings.worker.embedded) == ("proxied", False)


@pytest.mark.parametrize("missing", sorted(PRODUCTION))
def test_production_ini_says_which_variable_is_missing(missing):
    environ = {name: value for name, value in PRODUCTION.items() if name != missing}
    with pytest.raises(ConfigurationError) as caught:
        load_ini(ROOT / "production.ini", environ=environ)
    (line,) = caught.value.problems
    assert f"expected the environment variable {missing} to be set" in line
    assert re.match(r".*production\.ini line \d+: ", line)


def test_production_ini_says_all_missing_variables_at_once():
    with pytest.raises(ConfigurationError) as caught:
        load_ini(ROOT / "production.ini", environ={})
    assert all(any(name in line for line in caught.value.problems) for name in PRODUCTION)


def test_production_ini_shows_every_setting_with_its_default():
    found = load_ini(ROOT / "production.ini", environ=PRODUCTION)
    text = (ROOT / "production.ini").read_text()
    shown = dict(re.findall(r"^(?:# )?(consentcore\.[a-z0-9_.]+) ?= ?(.*)$", text, re.MULTILINE))
    known = keys_of(CoreSettings, PREFIX)
    for name in found.registry.names():
        known += keys_of(found.registry.info(name).settings, f"{PREFIX}plugin.{name}.")
    assert set(shown) - {"consentcore.oauth.code_ttl_s"} == set(known) - {"consentcore.oauth.code_ttl_s"}


def test_what_production_ini_comments_out_is_the_default(tmp_path):
    text = (ROOT / "production.ini").read_text()
    opened = re.sub(r"^# (consentcore\.[a-z0-9_.]+ =)", r"\1", text, flags=re.MULTILINE)
    ini = tmp_path / "production.ini"
    ini.write_text(opened)
    parser = configparser.RawConfigParser()
    parser.read(ini)
    found, expected = (load_ini(path, environ=PRODUCTION) for path in (ini, ROOT / "production.ini"))
    assert found.settings == expected.settings
    for name in expected.registry.names():
        assert found.registry.settings(name) == expected.registry.settings(name)


def test_every_setting_has_help():
    def helpless(cls, prefix=""):
        for item, annotation in fields_of(cls):
            if dataclasses.is_dataclass(annotation):
                yield from helpless(annotation, f"{prefix}{item.name}.")
            elif not item.metadata.get("help", "").endswith("."):
                yield prefix + item.name

    assert list(helpless(CoreSettings)) == []


def ini_problems(tmp_path, text):
    (tmp_path / "a.ini").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_ini(tmp_path / "a.ini", environ={})
    return [line.replace(str(tmp_path), "") for line in caught.value.problems]


APP = "[app:main]\n" + "".join(f"{key} = {value}\n" for key, value in BASE.items())


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ("listen = 127.0.0.1", "line 8: [server:main] listen: expected HOST:PORT, not '127.0.0.1'"),
        ("port = x", "line 8: [server:main] listen: expected HOST:PORT, not '127.0.0.1:x'"),
        ("lisen = 127.0.0.1:1", "line 8: lisen: unknown setting; did you mean listen?"),
        ("host = 127.0.0.1\nprot = 1", "line 9: prot: unknown setting; did you mean port?"),
        ("hots = 127.0.0.1\nport = 1", "line 8: hots: unknown setting; did you mean host?"),
    ],
)
def test_place_to_listen_is_read_with_everything_else(tmp_path, server, problem):
    assert ini_problems(tmp_path, f"{APP}[server:main]\n{server}\n") == [f"/a.ini {problem}"]


@pytest.mark.parametrize("name", ["server:mian", "Server:main", "servr:main", "server", "server:man"])
def test_mistyped_section_of_the_server_is_a_problem(tmp_path, name):
    """Else it would listen where nobody has said."""
    assert ini_problems(tmp_path, f"{APP}[{name}]\nlisten = 0.0.0.0:80\n") == [
        f"/a.ini: [{name}]: unknown section; did you mean [server:main]?"
    ]


@pytest.mark.parametrize("text", ["[server:admin]\nport = 1\n", "[server:main]\nthreads = 4\n[server:man]\n"])
def test_sections_and_keys_of_other_servers_are_none_of_our_business(tmp_path, text):
    ini = tmp_path / "a.ini"
    ini.write_text(f"{APP}{text}")
    assert load_ini(ini, environ={}).listen == "127.0.0.1:6543"


def test_mistyped_first_word_of_a_setting_is_a_problem(tmp_path):
    assert ini_problems(tmp_path, f"{APP}consentcor.web_url = x\nconsentcore.web.hsts_s = -1\n") == [
        "/a.ini line 7: consentcor.web_url: unknown setting; did you mean consentcore.web_url?",
        "/a.ini line 8: consentcore.web.hsts_s = -1: expected 0 to 63072000",
    ]


def test_missing_inherited_file_is_all_that_is_said(tmp_path):
    text = "[app:main]\nuse = config:none.ini\n"
    assert ini_problems(tmp_path, text) == [
        "/a.ini line 2: use: /none.ini: expected a readable INI file (No such file or directory)"
    ]


@pytest.mark.parametrize(
    "prefix",
    ["/consents", "/login/oauth", "/static", "/scopes/oauth", "/scopes.json", "/verify", "/.well-known/x"],
)
def test_protocol_cannot_stand_where_the_pages_do(prefix):
    assert problems(oauth__prefix=prefix) == [
        f"settings: consentcore.oauth.prefix: expected a path such as /oauth; {prefix} is for pages"
    ]


@pytest.mark.parametrize("address", ["nobody", "a@b.c, d@e.f"])
def test_operator_needs_one_mailbox(address):
    assert "consentcore.operator.email: expected an address" in problems(operator__email=address)[0]


def test_99_certificates_come_from_a_proxy_only():
    (problem,) = problems(mtls__certificate_header="nginx")
    assert problem.startswith(
        "settings: consentcore.mtls.certificate_header: expected consentcore.server.mode = proxied"
    )
    found = load(mtls__certificate_header="rfc9440", server__mode="proxied").settings
    assert found.mtls.certificate_header == "rfc9440"
    assert load().settings.mtls.certificate_header is None


@pytest.mark.parametrize("text", [None, "", "x"])
def test_99_file_without_authorities_is_said_at_start(tmp_path, text):
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    (problem,) = problems(mtls__ca_file=str(path))
    assert problem.startswith("settings: consentcore.mtls.ca_file: expected a file with certificates in PEM")


@pytest.mark.parametrize("url", ["http://mtls.example", "mtls.example", "https://mtls.example?x"])
def test_99_address_where_certificates_are_asked_for_is_one_like_the_issuer(url):
    (problem,) = problems(mtls__url=url)
    assert problem.startswith("settings: consentcore.mtls.url: expected")
    found = load(mtls__url="https://MTLS.example:443/").settings
    assert found.endpoint_urls("token") == (
        "https://as.example/ecostruxure/v1/oauth/token",
        "https://mtls.example/ecostruxure/v1/oauth/token",
    )
