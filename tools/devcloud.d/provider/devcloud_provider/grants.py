"""The grants and endpoints of OAuth 2.0, implemented with Authlib on the records."""
from __future__ import annotations

import secrets
import time
from types import SimpleNamespace
from typing import Any

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialDict
from authlib.oidc.core.grants.code import OpenIDCode, OpenIDToken
from flask import request
from joserfc import jwt

from .records import ANSWERS, CODES, DEVICES, KEY, LOCK, TOKENS, Client, Code, Token, find, revoke_family, sign_in
from .settings import CURRENT, ISSUER, KEY_ID

CLIENT_AUTHENTICATION = ["client_secret_basic", "client_secret_post", "none"]
HEADER = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}


# MARK: Tokens

def subject(client: Client, user: dict[str, str] | None) -> dict[str, str]:
    """The person's claims, or those of the client's own account."""
    name = f"service-account-{client.client_id}"
    return user or {"sub": name, "preferred_username": name, "email": f"{client.client_id}@example.org"}


def make_token(
    grant_type: str, client: Client, user: Any = None, scope: str | None = None, expires_in: int | None = None,
    include_refresh_token: bool = True,
) -> dict[str, Any]:
    now, life = int(time.time()), CURRENT["access_token_seconds"]
    scope = client.get_allowed_scope(scope)
    claims = {
        "iss": ISSUER, "aud": "account", "typ": "Bearer", "azp": client.client_id, "exp": now + life, "iat": now,
        "jti": secrets.token_hex(16), "scope": scope, **subject(client, user),
    }
    answer = {
        "access_token": jwt.encode(HEADER, claims, KEY, ["RS256"]), "expires_in": life, "token_type": "Bearer",
        "scope": scope,
    }
    if include_refresh_token and user and client.check_grant_type("refresh_token"):
        answer |= {
            "refresh_token": secrets.token_urlsafe(96), "refresh_expires_in": CURRENT["refresh_token_seconds"]}
    return answer


def save_token(answer: dict[str, Any], authorized: Any) -> None:
    old = getattr(authorized, "refresh_token", None)
    family = old.family if isinstance(old, Token) else secrets.token_hex(8)
    with LOCK:
        TOKENS.append(Token(answer, authorized.client, authorized.user, family))


class _IdToken:
    def resolve_client_private_key(self, client: Client) -> Any:
        return KEY

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return HEADER

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        expiry = int(time.time()) + CURRENT["access_token_seconds"]
        return {"iss": ISSUER, "aud": client.client_id, "azp": client.client_id, "typ": "ID", "exp": expiry}

    def generate_user_info(self, user: dict[str, str], scope: str) -> dict[str, str]:
        return user

    def exists_nonce(self, nonce: str, authorized: Any) -> bool:
        return False


class IdTokenAlone(_IdToken, OpenIDToken):
    pass


class IdTokenWithCode(_IdToken, OpenIDCode):
    pass


# MARK: Grants

class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def save_authorization_code(self, code: str, authorized: Any) -> None:
        CODES[code] = Code(code, authorized)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = CODES.get(code)
        return found if found and found.client_id == client.client_id and found.expires > time.time() else None

    def delete_authorization_code(self, code: Code) -> None:
        CODES.pop(code.code, None)

    def authenticate_user(self, code: Code) -> Any:
        return code.user


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def authenticate_user(self, username: str, password: str) -> Any:
        person = sign_in(username, password)
        if person is None:
            # RFC 6749, section 5.2; Authlib itself would answer invalid_request.
            raise InvalidGrantError("Invalid user credentials")
        return person


class ClientGrant(grants.ClientCredentialsGrant):
    pass


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:
        return bool(CURRENT["rotate"])

    def authenticate_refresh_token(self, value: str) -> Token:
        token = find(value, "refresh_token")
        if token is None:
            raise InvalidGrantError("Invalid refresh token")
        if token.is_rotated:
            if CURRENT["reuse_revokes_family"]:
                revoke_family(token)
            raise InvalidGrantError("Maximum allowed refresh token reuse exceeded")
        if token.revoked:
            raise InvalidGrantError("Session not active")
        if token.refresh_expires <= time.time():
            raise InvalidGrantError("Token is not active")
        return token

    def authenticate_user(self, token: Token) -> Any:
        return token.user

    def revoke_old_credential(self, token: Token) -> None:
        token.is_rotated = bool(CURRENT["rotate"])


class DeviceGrant(DeviceCodeGrant):
    def query_device_credential(self, code: str) -> Any:
        device = DEVICES.get(code)
        if device is None or device["used"]:
            raise InvalidGrantError("Device code not valid")
        return device

    def query_user_grant(self, user_code: str) -> Any:
        return ANSWERS.get(user_code)

    def should_slow_down(self, device: Any) -> bool:
        now, last = time.time(), device["polled"]
        device["polled"] = now
        is_early = last is not None and now - last < device["interval"] - 0.05
        if is_early:
            # RFC 8628, section 3.5: for all later requests too.
            device["interval"] += 5
        return is_early

    def validate_token_request(self) -> None:
        super().validate_token_request()
        device = self.request.credential
        # Authlib checks verifiers only of authorization codes; the same check works for device codes.
        self.request.authorization_code = SimpleNamespace(
            code_challenge=device["code_challenge"], code_challenge_method=device["code_challenge_method"])
        CodeChallenge(required=False).validate_code_verifier(self, None)
        self.request.authorization_code = None
        device["used"] = True


# MARK: Endpoints

class DeviceEndpoint(DeviceAuthorizationEndpoint):
    @property
    def EXPIRES_IN(self) -> int:
        return int(CURRENT["device_code_seconds"])

    @property
    def INTERVAL(self) -> int:
        return int(CURRENT["interval"])

    def get_verification_uri(self) -> str:
        return f"{ISSUER}/device"

    def create_endpoint_response(self, asked: Any) -> Any:
        challenge = asked.payload.data.get("code_challenge")
        method = asked.payload.data.get("code_challenge_method")
        if CURRENT["require_device_pkce"] and not challenge:
            raise InvalidRequestError("Missing parameter: code_challenge_method")
        if challenge and method not in (None, "plain", "S256"):
            raise InvalidRequestError("Unsupported 'code_challenge_method'")
        status, answer, headers = super().create_endpoint_response(asked)
        if not CURRENT["verification_uri_complete"]:
            del answer["verification_uri_complete"]
        return status, answer, headers

    def save_device_credential(self, client_id: str, scope: str, answer: dict[str, Any]) -> None:
        DEVICES[answer["device_code"]] = DeviceCredentialDict(
            client_id=client_id, scope=scope, user_code=answer["user_code"], device_code=answer["device_code"],
            expires_at=time.time() + answer["expires_in"], interval=answer["interval"], polled=None, used=False,
            code_challenge=request.values.get("code_challenge"),
            code_challenge_method=request.values.get("code_challenge_method"))


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def query_token(self, value: str, hint: str | None) -> Token | None:
        return find(value, "refresh_token", "access_token")

    def revoke_token(self, token: Token, asked: Any) -> None:
        revoke_family(token)


class Introspection(IntrospectionEndpoint):
    def check_permission(self, token: Token, client: Client, asked: Any) -> bool:
        return client.client_id == "devcloud-gateway"

    def query_token(self, value: str, hint: str | None) -> Token | None:
        return find(value, "access_token")

    def introspect_token(self, token: Token) -> dict[str, Any]:
        claims = subject(token.client, token.user)
        return {
            **claims, "active": True, "client_id": token.client.client_id, "token_type": "Bearer",
            "username": claims["preferred_username"], "scope": token.scope, "iss": ISSUER, "exp": token.access_expires,
            "iat": token.issued,
        }


def register(server: Any) -> None:
    server.register_token_generator("default", make_token)
    server.register_grant(CodeGrant, [CodeChallenge(required=True), IdTokenWithCode(require_nonce=False)])
    server.register_grant(PasswordGrant, [IdTokenAlone()])
    server.register_grant(ClientGrant)
    server.register_grant(RefreshGrant, [IdTokenAlone()])
    server.register_grant(DeviceGrant, [IdTokenAlone()])
    for endpoint in (DeviceEndpoint, Revocation, Introspection):
        server.register_endpoint(endpoint)
