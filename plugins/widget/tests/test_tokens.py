from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwt
import pytest

from gateway import Unauthorized
from gateway_widget.tokens import Expired, Reception, Signer

KEY = "k" * 32
NOW = 1_000_000.0
DAY = 86_400


class Time:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def reception(time):
    return Reception(secret=b"s" * 32, key=KEY, now=time, visitor_days=90, identity_hours=24)


def proof(key=KEY, algorithm="HS256", **claims):
    claims = {"sub": "42", "exp": NOW + 300, **claims}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm=algorithm)


def test_a_newcomer_is_known_again(reception):
    visitor = reception.newcomer()

    assert reception.visitor(reception.token(visitor)) == visitor
    assert not visitor.verified


def test_newcomers_cannot_be_guessed(reception):
    assert len({reception.newcomer().id for _ in range(100)}) == 100
    assert len(reception.newcomer().id) > 20


def test_a_changed_token_is_refused(reception):
    body, signature = reception.token(reception.newcomer()).split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    claims["v"] = "u.admin"
    forged = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    with pytest.raises(Unauthorized, match="not signed here"):
        reception.visitor(f"{forged}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "ä.ö", "e30.", "." * 50, "\udcff.x", "x.\udcff"])
def test_nonsense_is_refused(reception, token):
    with pytest.raises(Unauthorized):
        reception.visitor(token)


def test_a_token_of_another_kind_is_refused(reception):
    with pytest.raises(Unauthorized, match="another kind"):
        reception.visitor(Signer(b"s" * 32).sign({"v": "u.admin"}))


def test_each_purpose_has_its_own_tokens():
    with pytest.raises(Unauthorized):
        Signer(b"a" * 32).open(Signer(b"b" * 32).sign({}))


def test_a_token_expires_and_says_so(reception, time):
    token = reception.token(reception.newcomer())
    time.now += 90 * DAY

    with pytest.raises(Expired):
        reception.visitor(token)


def test_a_visit_renews_the_token(reception, time):
    visitor = reception.newcomer()
    time.now += 80 * DAY

    renewed = reception.renewed(visitor)

    assert renewed.id == visitor.id
    assert reception.seconds_left(renewed) == 90 * DAY


def test_a_proof_names_the_same_client_everywhere(reception):
    first, second = reception.proven(proof(name="Ann", email="ann@example.com")), reception.proven(proof(exp=NOW + 9))

    assert first.id == second.id == "u.42"
    assert (first.name, first.email, first.verified) == ("Ann", "ann@example.com", True)
    assert reception.visitor(reception.token(first)) == first


def test_a_proven_identity_is_renewed_by_a_new_proof_only(reception, time):
    visitor = reception.proven(proof())
    time.now += 3600

    assert reception.renewed(visitor).expires_at == visitor.expires_at


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (proof(key="x" * 32), "Signature"),
        (proof(algorithm="HS512", key="x" * 64), "alg"),
        (jwt.encode({"sub": "42", "exp": NOW + 9}, None, algorithm="none"), "alg"),
        (proof(sub=None), "sub"),
        (proof(exp=None), "exp"),
        (proof(sub=""), "1 to 200 characters"),
        (proof(nbf=NOW + 3600), "not valid yet"),
        ("no.jwt", "segments"),
    ],
)
def test_a_bad_proof_is_refused_and_says_why(reception, bad, says):
    with pytest.raises(Unauthorized, match=says) as refused:
        reception.proven(bad)
    assert not isinstance(refused.value, Expired)
    assert KEY not in str(refused.value)


def test_an_old_proof_has_expired(reception, time):
    old = proof()
    time.now += 3600

    with pytest.raises(Expired, match="sign a fresh one"):
        reception.proven(old)


def test_without_a_key_nobody_is_proven(time):
    reception = Reception(secret=b"s" * 32, key="", now=time, visitor_days=90, identity_hours=24)

    with pytest.raises(Unauthorized, match="set the option"):
        reception.proven(proof())
