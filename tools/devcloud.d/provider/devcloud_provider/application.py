"""The provider's addresses and pages. It runs in one process: its records are in memory."""
from __future__ import annotations

import html
import os
import secrets
from typing import Any

# Otherwise Authlib refuses http; everything is on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer  # noqa: E402
from authlib.oauth2 import OAuth2Error  # noqa: E402
from authlib.oauth2.rfc8628.device_code import DEVICE_CODE_GRANT_TYPE  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from joserfc.jwk import KeySet  # noqa: E402

from . import grants, settings  # noqa: E402
from .records import ANSWERS, CLIENTS, DEVICES, FORMS, KEY, LOCK, find, forget, sign_in  # noqa: E402
from .settings import BASE, CURRENT, ISSUER, PROTOCOL, REALM, SCOPES  # noqa: E402

application = Flask(__name__)
application.url_map.strict_slashes = False
server = AuthorizationServer(application, query_client=CLIENTS.get, save_token=grants.save_token)
grants.register(server)

ENDPOINTS = {
    "authorization_endpoint": "auth", "token_endpoint": "token", "introspection_endpoint": "token/introspect",
    "userinfo_endpoint": "userinfo", "end_session_endpoint": "logout", "jwks_uri": "certs",
    "revocation_endpoint": "revoke", "device_authorization_endpoint": "auth/device",
}


# MARK: For programs

@application.get(f"{REALM}/.well-known/openid-configuration")
def discovery() -> Any:
    return jsonify(
        issuer=ISSUER, **{name: f"{BASE}{PROTOCOL}/{path}" for name, path in ENDPOINTS.items()},
        grant_types_supported=[
            "authorization_code", "client_credentials", "password", "refresh_token", DEVICE_CODE_GRANT_TYPE],
        response_types_supported=["code"], subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"], scopes_supported=SCOPES,
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported=["plain", "S256"],
        claims_supported=["aud", "sub", "iss", "preferred_username", "name", "email"])


@application.get(f"{PROTOCOL}/certs")
def certificates() -> Any:
    return jsonify(KeySet([KEY]).as_dict(private=False))


@application.post(f"{PROTOCOL}/token")
def token() -> Any:
    # One at a time, so that a refresh token is used only once.
    with LOCK:
        return server.create_token_response()


@application.post(f"{PROTOCOL}/auth/device")
def device_authorization() -> Any:
    return server.create_endpoint_response("device_authorization")


@application.post(f"{PROTOCOL}/revoke")
def revoke() -> Any:
    return server.create_endpoint_response("revocation")


@application.post(f"{PROTOCOL}/token/introspect")
def introspect() -> Any:
    return server.create_endpoint_response("introspection")


@application.get(f"{PROTOCOL}/userinfo")
def userinfo() -> Any:
    known = find(request.headers.get("Authorization", "").removeprefix("Bearer "), "access_token")
    if known is None or known.is_expired() or known.revoked or not known.user:
        challenge = {"WWW-Authenticate": 'Bearer realm="chameleon", error="invalid_token"'}
        return jsonify(error="invalid_token", error_description="Token verification failed"), 401, challenge
    return jsonify(known.user)


# MARK: For people

PAGE = '<!doctype html><html lang="en"><title>Sign in to devcloud</title><h1>{title}</h1>{rest}</html>'
FORM = (
    '<p role="alert">{message}</p><form method="post"><input type="hidden" name="csrf" value="{csrf}">{code}'
    '<label>Username <input name="username" autocomplete="username" required></label>'
    '<label>Password <input name="password" type="password" required></label>'
    '<button name="answer" value="yes">Yes</button><button name="answer" value="no" formnovalidate>No</button></form>')


def form(title: str, message: str = "", code: str | None = None, needs_code: bool = False) -> Any:
    """The page on which a person signs in and answers yes or no. Its one-time value is tied to the browser's cookie."""
    browser = request.cookies.get("DEVCLOUD_SESSION") or secrets.token_urlsafe(16)
    FORMS[browser] = csrf = secrets.token_urlsafe(16)
    field = ""
    if code:
        field = f'<input type="hidden" name="user_code" value="{html.escape(code)}">'
    elif needs_code:
        field = '<label>Code <input name="user_code" required></label>'
    body = FORM.format(message=html.escape(message), csrf=csrf, code=field)
    page = PAGE.format(title=html.escape(title), rest=body)
    response = application.make_response((page, 400 if message else 200))
    response.set_cookie("DEVCLOUD_SESSION", browser, httponly=True, samesite="Lax")
    return response


def is_expected_form() -> bool:
    known = FORMS.pop(request.cookies.get("DEVCLOUD_SESSION") or "", "")
    return secrets.compare_digest(known, request.form.get("csrf", "-"))


def says_yes() -> bool:
    return request.form.get("answer") == "yes"


@application.route(f"{REALM}/device", methods=["GET", "POST"])
def device() -> Any:
    code = (request.form.get("user_code") or request.args.get("user_code") or "").strip().upper() or None
    if request.method == "GET":
        return form("Do you grant access to chi-cli-device-token?", code=code, needs_code=True)
    waiting = any(
        known["user_code"] == code and not known.is_expired() and code not in ANSWERS for known in DEVICES.values())
    if not is_expected_form():
        return form("Sign in", "The form has expired. Try again.", code, needs_code=True)
    if code is None or not waiting:
        return form("Sign in", "Invalid code, please try again.", needs_code=True)
    person = sign_in(request.form.get("username"), request.form.get("password"))
    if person is None:
        return form("Sign in", "Invalid username or password.", code)
    ANSWERS[code] = (person, says_yes())
    title = "Device Login Successful. You may close this browser window."
    return PAGE.format(title=title if says_yes() else "Consent denied for connecting the device.", rest="")


@application.route(f"{PROTOCOL}/auth", methods=["GET", "POST"])
def authorize() -> Any:
    try:
        grant = server.get_consent_grant(end_user=None)
    except OAuth2Error as error:
        return server.handle_error_response(None, error)
    if request.method == "GET":
        return form(f"Do you grant access to {grant.client.client_id}?")
    if not is_expected_form():
        return form("Sign in", "The form has expired. Try again.")
    person = sign_in(request.form.get("username"), request.form.get("password"))
    if person is None:
        return form("Sign in", "Invalid username or password.")
    return server.create_authorization_response(grant_user=person if says_yes() else None, grant=grant)


# MARK: For tests

@application.route("/devcloud/settings", methods=["GET", "POST"])
def change_settings() -> Any:
    if request.method == "POST" and (wrong := settings.change(request.get_json())):
        return jsonify(error=f"unknown, or of another type: {', '.join(wrong)}"), 400
    return jsonify(CURRENT)


@application.delete("/devcloud/settings")
def forget_everything() -> Any:
    """Restores the defaults, and ends all logins."""
    forget()
    return jsonify(CURRENT)
