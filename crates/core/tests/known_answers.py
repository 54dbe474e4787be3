#!/usr/bin/env python3
"""Makes known_answers.json: for each preset, one request that its provider could have sent.

Written after the providers' public descriptions and without looking at the presets: what agrees here was understood
twice. Needs the package `cryptography` for the asymmetric ones. Run it by hand after adding a preset:

    python3 crates/core/tests/known_answers.py > crates/core/tests/known_answers.json

RSA keys and ECDSA signatures are made anew by every run; nothing here is a secret of anyone.
"""

import base64
import hashlib
import hmac
import json
import zlib
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID

NOW = 1_800_000_000
TS, MS, ISO = str(NOW), str(NOW) + "123", "2027-01-15T08:00:00.123456789Z"
URL = "https://hooks.example/in/abc?a=%2Fb&c=d"
BODY = b'{"type":"order.paid","id":"evt_1","name":"J\xc3\xbcrgen / 10.50"}'
SECRET = "s3cr3t key"
RAW = bytes(range(32))
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CASES = []


def b64(data):
    return base64.b64encode(data).decode()


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(key, message, name="sha256"):
    key = key.encode() if isinstance(key, str) else key
    message = message.encode() if isinstance(message, str) else message
    return hmac.new(key, message, name).digest()


def join(*parts):
    return b"".join(part.encode() if isinstance(part, str) else part for part in parts)


def case(preset, headers, body=BODY, secret=SECRET, url=URL, verdict="verified", fetched=(), **settings):
    CASES.append({
        "preset": preset, "method": "POST", "url": url, "headers": list(headers.items()), "body": b64(body),
        "secret": secret, "settings": settings, "verdict": verdict,
        "fetched": [{"url": where, "bytes": b64(data)} for where, data in fetched],
    })


# The body alone, in hexadecimal: header, what stands before the digits, hash.
for preset, header, prefix, name in [
    ("github", "X-Hub-Signature-256", "sha256=", "sha256"),
    ("bitbucket", "X-Hub-Signature", "sha256=", "sha256"),
    ("meta", "X-Hub-Signature-256", "sha256=", "sha256"),
    ("intercom", "X-Hub-Signature", "sha1=", "sha1"),
    ("razorpay", "X-Razorpay-Signature", "", "sha256"),
    ("linear", "Linear-Signature", "", "sha256"),
    ("sentry", "Sentry-Hook-Signature", "", "sha256"),
    ("dropbox", "X-Dropbox-Signature", "", "sha256"),
    ("nylas", "X-Nylas-Signature", "", "sha256"),
    ("asana", "X-Hook-Signature", "", "sha256"),
    ("notion", "X-Notion-Signature", "sha256=", "sha256"),
    ("lemon-squeezy", "X-Signature", "", "sha256"),
    ("coinbase-commerce", "X-CC-Webhook-Signature", "", "sha256"),
    ("checkout-com", "Cko-Signature", "", "sha256"),
    ("gocardless", "Webhook-Signature", "", "sha256"),
    ("cal-com", "X-Cal-Signature-256", "", "sha256"),
    ("circleci", "circleci-signature", "v1=", "sha256"),
    ("vercel", "x-vercel-signature", "", "sha1"),
    ("smartcar", "SC-Signature", "", "sha256"),
    ("gitea", "X-Gitea-Signature", "", "sha256"),
    ("paystack", "x-paystack-signature", "", "sha512"),
]:
    case(preset, {header: prefix + mac(SECRET, BODY, name).hex()})
case("pagerduty", {"X-PagerDuty-Signature": "v1=" + "0" * 64 + ",v1=" + mac(SECRET, BODY).hex()})
case("airtable", {"X-Airtable-Content-MAC": "hmac-sha256=" + mac(RAW, BODY).hex()}, secret=b64(RAW))
case("linkedin", {"X-LI-Signature": mac(SECRET, join("hmacsha256=", BODY)).hex()})
case("checkout-com", {"Cko-Signature": b64(mac(SECRET, BODY))})

# The body alone, in base64.
for preset, header, prefix in [
    ("shopify", "X-Shopify-Hmac-SHA256", ""),
    ("shopify", "Shopify-Hmac-Sha256", ""),
    ("xero", "x-xero-signature", ""),
    ("docusign", "X-DocuSign-Signature-1", ""),
    ("line", "x-line-signature", ""),
    ("heroku", "Heroku-Webhook-Hmac-SHA256", ""),
    ("typeform", "Typeform-Signature", "sha256="),
    ("x", "x-twitter-webhooks-signature", "sha256="),
]:
    case(preset, {header: prefix + b64(mac(SECRET, BODY))})
# Senders without a preset of their own.
case("hmac-sha1", {"X-Hub-Signature": "sha1=" + mac(SECRET, BODY, "sha1").hex()})
case("hmac-sha256", {"X-Signature": mac(SECRET, BODY).hex()})
case("hmac-sha512", {"X-Mine": "sha512=" + mac(SECRET, BODY, "sha512").hex()}, header="x-mine")
case("hmac-sha256-base64", {"X-Signature": b64(mac(SECRET, BODY))})
case("hmac-sha512-base64", {"X-Signature": b64(mac(SECRET, BODY, "sha512"))})
DATE = "Fri 15 Jan 2027 08:00:00 UTC"
case("scalr", {"X-Signature": mac(SECRET, join(BODY, DATE), "sha1").hex(), "Date": DATE})
case("woocommerce", {"X-WC-Webhook-Signature": b64(mac("a&b<c", BODY))}, secret="a&amp;b&lt;c")
case("adyen-platform", {"HmacSignature": b64(mac(RAW, BODY))}, secret=RAW.hex())

# A timestamp and the body.
for preset, header, pairs, stamp, key in [
    ("stripe", "Stripe-Signature", "t={t},v1={s},v0=00", TS, "."),
    ("calendly", "Calendly-Webhook-Signature", "t={t},v1={s}", TS, "."),
    ("mux", "Mux-Signature", "t={t},v1={s}", TS, "."),
    ("shippo", "Shippo-Auth-Signature", "t={t},v1={s}", TS, "."),
    ("elevenlabs", "ElevenLabs-Signature", "t={t},v0={s}", TS, "."),
    ("persona", "Persona-Signature", "t={t},v1={z} t={t},v1={s}", TS, "."),
    ("workos", "WorkOS-Signature", "t={t}, v1={s}", MS, "."),
    ("tiktok", "TikTok-Signature", "t={t},s={s}", TS, "."),
    ("buildkite", "X-Buildkite-Signature", "timestamp={t},signature={s}", TS, "."),
    ("recurly", "recurly-signature", "{t},{z},{s}", MS, "."),
    ("paddle", "Paddle-Signature", "ts={t};h1={z};h1={s}", TS, ":"),
]:
    signature = mac(SECRET, join(stamp, key, BODY)).hex()
    case(preset, {header: pairs.format(t=stamp, s=signature, z="0" * 64)})
case("sanity", {"sanity-webhook-signature": f"t={MS},v1={url64(mac(SECRET, join(MS, '.', BODY)))}"})
case("knock", {"x-knock-signature": f"t={MS},s={b64(mac(SECRET, join(MS, '.', BODY)))}"})
case("nmi", {"Webhook-Signature": f"t=n0nce,s={mac(SECRET, join('n0nce.', BODY)).hex()}"})
for preset, header, value, stamp_header, stamp, message in [
    ("slack", "X-Slack-Signature", "v0={s}", "X-Slack-Request-Timestamp", TS, "v0:{t}:"),
    ("zoom", "x-zm-signature", "v0={s}", "x-zm-request-timestamp", TS, "v0:{t}:"),
    ("webflow", "x-webflow-signature", "{s}", "x-webflow-timestamp", MS, "{t}:"),
    ("customer-io", "X-CIO-Signature", "{s}", "X-CIO-Timestamp", TS, "v0:{t}:"),
    ("orb", "X-Orb-Signature", "v1={s}", "X-Orb-Timestamp", ISO, "v1:{t}:"),
    ("revolut", "Revolut-Signature", "v1={z},v1={s}", "Revolut-Request-Timestamp", MS, "v1.{t}."),
    ("statsig", "x-statsig-signature", "v0={s}", "x-statsig-request-timestamp", MS, "v0:{t}:"),
    ("airwallex", "x-signature", "{s}", "x-timestamp", MS, "{t}"),
]:
    signature = mac(SECRET, join(message.format(t=stamp), BODY)).hex()
    case(preset, {header: value.format(s=signature, z="0" * 64), stamp_header: stamp})
# The timestamp behind the body.
case("klaviyo", {"Klaviyo-Signature": mac(SECRET, join(BODY, TS)).hex(), "Klaviyo-Timestamp": TS})
case("klaviyo", {"Klaviyo-Signature": mac(SECRET, join(BODY, ISO)).hex(), "Klaviyo-Timestamp": ISO})
case("zerohash", {"x-zh-hook-signature": mac(SECRET, join(BODY, MS)).hex(), "x-zh-hook-timestamp": MS})
for name in ["PRIMARY", "SECONDARY"]:
    case("box", {f"BOX-SIGNATURE-{name}": b64(mac(SECRET, join(BODY, ISO))), "BOX-DELIVERY-TIMESTAMP": ISO})
case("sinch", {"x-sinch-webhook-signature": b64(mac(SECRET, join(BODY, ".", "n0nce", ".", TS))),
               "x-sinch-webhook-signature-nonce": "n0nce", "x-sinch-webhook-signature-timestamp": TS})
case("tebex", {"X-Signature": mac(SECRET, hashlib.sha256(BODY).hexdigest()).hex()})
case("front", {"x-front-signature": b64(mac(SECRET, join(MS, ":", BODY))), "x-front-request-timestamp": MS})
case("zendesk", {"X-Zendesk-Webhook-Signature": b64(mac(SECRET, join(ISO, BODY))),
                 "X-Zendesk-Webhook-Signature-Timestamp": ISO})
case("twitch", {"Twitch-Eventsub-Message-Id": "id-1", "Twitch-Eventsub-Message-Timestamp": ISO,
                "Twitch-Eventsub-Message-Signature": "sha256=" + mac(SECRET, join("id-1", ISO, BODY)).hex()})


def standard(preset, names="webhook-id webhook-timestamp webhook-signature", secret="whsec_" + b64(RAW), key=RAW):
    signature = "v1," + b64(mac(key, join("msg_1.", TS, ".", BODY)))
    case(preset, dict(zip(names.split(), ("msg_1", TS, "v1,AAAA v2,x " + signature))), secret=secret)


for preset in ["standard-webhooks", "openai", "replicate", "render", "lithic", "gemini", "incident-io", "gitlab-signed"]:
    standard(preset)
for preset in ["svix", "clerk", "resend", "stytch", "vanta"]:
    standard(preset, "svix-id svix-timestamp svix-signature")
standard("svix")
standard("supabase", secret="v1,whsec_" + b64(RAW))
standard("brex", secret=b64(RAW))
standard("polar", secret="polar_whs_text", key=b"polar_whs_text")
standard("bigcommerce", secret="client secret!", key=b"client secret!")
standard("finch", "Finch-Event-Id Finch-Timestamp Finch-Signature")

# The address, the method, the form.
case("square", {"x-square-hmacsha256-signature": b64(mac(SECRET, join(URL, BODY)))})
case("trello", {"X-Trello-Webhook": b64(mac(SECRET, join(BODY, URL), "sha1"))})
case("twilio", FORM | {"X-Twilio-Signature": b64(mac(SECRET, URL + "A1A2B b+", "sha1"))}, body=b"B=+b%2B&A=2&A=1&A=2")
hashed = URL + "&bodySHA256=" + hashlib.sha256(BODY).hexdigest()
case("twilio", {"X-Twilio-Signature": b64(mac(SECRET, hashed, "sha1"))}, url=hashed)
with_port = URL.replace("hooks.example", "hooks.example:443")
case("twilio", FORM | {"X-Twilio-Signature": b64(mac(SECRET, with_port + "A1", "sha1"))}, body=b"A=1")
case("mandrill", FORM | {"X-Mandrill-Signature": b64(mac(SECRET, URL + "mandrill_events[]", "sha1"))},
     body=b"mandrill_events=%5B%5D")
for address in [URL, URL.replace("%2F", "/")]:
    signature = b64(mac(SECRET, join("POST", address, BODY, MS)))
    case("hubspot-v3", {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": MS})
case("hubspot-v2", {"X-HubSpot-Signature": hashlib.sha256(join(SECRET, "POST", URL, BODY)).hexdigest()})
case("hubspot-v1", {"X-HubSpot-Signature": hashlib.sha256(join(SECRET, BODY)).hexdigest()})
signature = mac(SECRET, f"id:abc1;request-id:r-1;ts:{MS};").hex()
case("mercado-pago", {"x-signature": f"ts={MS},v1={signature}", "x-request-id": "r-1"},
     url="https://hooks.example/in/abc?data.id=ABC1&type=payment")
signature = mac(SECRET, f"request-id:r-1;ts:{TS};").hex()
case("mercado-pago", {"x-signature": f"ts={TS},v1={signature}", "x-request-id": "r-1"},
     url="https://hooks.example/in/abc")

# Inside the body.
token = "t" * 50
signature = mac(SECRET, TS + token).hex()
case("mailgun", {}, body=json.dumps({"signature": {"timestamp": TS, "token": token, "signature": signature}}).encode())
case("mailgun", FORM, body=f"timestamp={TS}&token={token}&signature={signature}&event=opened".encode())
items = []
for reference in ["plain", "with:colon\\slash"]:
    signed = f"7914073381342284::Shop:{reference}:1130:EUR:AUTHORISATION:true"
    items.append({"NotificationRequestItem": {
        "additionalData": {"hmacSignature": b64(mac(RAW, signed))}, "amount": {"currency": "EUR", "value": 1130},
        "eventCode": "AUTHORISATION", "merchantAccountCode": "Shop", "merchantReference": reference,
        "pspReference": "7914073381342284", "success": "true"}})
case("adyen", {}, body=json.dumps({"live": "false", "notificationItems": items}).encode(), secret=RAW.hex())
for signed in ["PHhtbC8+", "PHhtbC8+\n"]:
    digest = mac(hashlib.sha1(SECRET.encode()).digest(), signed, "sha1").hex()
    pairs = f"other%7C00%26public%7C{digest}"
    case("braintree", FORM, body=f"bt_signature={pairs}&bt_payload=PHhtbC8%2B".encode(), public_key="public")

# Public keys of the configuration.
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(RAW)
EDWARDS_RAW = EDWARDS.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
case("discord", {"X-Signature-Ed25519": EDWARDS.sign(join(TS, BODY)).hex(), "X-Signature-Timestamp": TS},
     secret=EDWARDS_RAW.hex())
case("telnyx", {"telnyx-signature-ed25519": b64(EDWARDS.sign(join(TS, "|", BODY))), "telnyx-timestamp": TS},
     secret=b64(EDWARDS_RAW))
case("standard-webhooks", {"webhook-id": "msg_1", "webhook-timestamp": TS,
                           "webhook-signature": "v1,AAAA v1a," + b64(EDWARDS.sign(join("msg_1.", TS, ".", BODY)))},
     secret="whpk_" + b64(EDWARDS_RAW))
P256 = ec.derive_private_key(int.from_bytes(RAW, "big"), ec.SECP256R1())


def spki(key, encoding=serialization.Encoding.DER):
    return key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


EVENTS = b'[{"event":"open"}]\r\n'
case("sendgrid", {"X-Twilio-Email-Event-Webhook-Timestamp": TS,
                  "X-Twilio-Email-Event-Webhook-Signature": b64(P256.sign(join(TS, EVENTS), ec.ECDSA(hashes.SHA256())))},
     body=EVENTS, secret=b64(spki(P256)))
RSA = rsa.generate_private_key(65537, 2048)
for secret in [spki(RSA, serialization.Encoding.PEM).decode(), b64(spki(RSA))]:
    case("wise", {"X-Signature-SHA256": b64(RSA.sign(BODY, padding.PKCS1v15(), hashes.SHA256()))}, secret=secret)

# Keys that are fetched.
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test.example")])
when = datetime.fromtimestamp(NOW, timezone.utc)
CERTIFICATE = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(RSA.public_key())
    .serial_number(1).not_valid_before(when - timedelta(days=30)).not_valid_after(when + timedelta(days=30))
    .sign(RSA, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
)
ARN = "arn:aws:sns:us-east-1:123456789012:orders"
CERT_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem"


def sns(kind, version, order, algorithm, **extra):
    body = {"Type": kind, "MessageId": "m-1", "TopicArn": ARN, "Message": "line one\nline two",
            "Timestamp": ISO[:23] + "Z", "SignatureVersion": version, "SigningCertURL": CERT_URL} | extra
    signed = "".join(f"{key}\n{body[key]}\n" for key in order if key in body)
    body["Signature"] = b64(RSA.sign(signed.encode(), padding.PKCS1v15(), algorithm))
    case("aws-sns", {"Content-Type": "text/plain"}, body=json.dumps(body).encode(), secret=ARN,
         fetched=[(CERT_URL, CERTIFICATE)])


PLAIN = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
CONFIRM = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
SUBSCRIBE = {"SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription", "Token": "tok"}
sns("Notification", "1", PLAIN, hashes.SHA1())
sns("Notification", "2", PLAIN, hashes.SHA256(), Subject="Hello")
sns("SubscriptionConfirmation", "2", CONFIRM, hashes.SHA256(), **SUBSCRIBE)
sns("UnsubscribeConfirmation", "2", CONFIRM, hashes.SHA256(), **SUBSCRIBE)

PAYPAL_CERT = "https://api.paypal.com/v1/notifications/certs/CERT-1"
signed = f"t-1|2027-01-15T08:00:00Z|WH-1|{zlib.crc32(BODY)}".encode()
case("paypal", {"PAYPAL-TRANSMISSION-ID": "t-1", "PAYPAL-TRANSMISSION-TIME": "2027-01-15T08:00:00Z",
                "PAYPAL-TRANSMISSION-SIG": b64(RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())),
                "PAYPAL-CERT-URL": PAYPAL_CERT, "PAYPAL-AUTH-ALGO": "SHA256withRSA"},
     secret="WH-1", fetched=[(PAYPAL_CERT, CERTIFICATE)])


def number(value, length):
    return url64(value.to_bytes(length, "big"))


def jwt(algorithm, claims, kid=None):
    header = {"alg": algorithm, "typ": "JWT"} | ({"kid": kid} if kid else {})
    signed = f"{url64(json.dumps(header).encode())}.{url64(json.dumps(claims).encode())}".encode()
    if algorithm == "RS256":
        signature = RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "ES256":
        r, s = utils.decode_dss_signature(P256.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    else:
        signature = mac(SECRET, signed)
    return f"{signed.decode()}.{url64(signature)}"


rsa_numbers = RSA.public_key().public_numbers()
ec_numbers = P256.public_key().public_numbers()
RSA_JWK = {"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig", "n": number(rsa_numbers.n, 256), "e": "AQAB"}
EC_JWK = {"kty": "EC", "kid": "k1", "alg": "ES256", "crv": "P-256",
          "x": number(ec_numbers.x, 32), "y": number(ec_numbers.y, 32)}
SET = json.dumps({"keys": [RSA_JWK | {"kid": "k0"}, RSA_JWK]}).encode()
BODY_HASH = hashlib.sha256(BODY).hexdigest()
case("netlify", {"X-Webhook-Signature": jwt("HS256", {"iss": "netlify", "sha256": BODY_HASH})})
case("plaid", {"Plaid-Verification": jwt("ES256", {"iat": NOW, "request_body_sha256": BODY_HASH}, "k1")},
     fetched=[("https://sandbox.plaid.com/webhook_verification_key/get", json.dumps({"key": EC_JWK}).encode())],
     client_id="client", environment="sandbox")
claims = {"iss": "https://accounts.google.com", "aud": "https://hooks.example/in/abc", "email": "push@project.example",
          "email_verified": True, "iat": NOW - 3000, "exp": NOW + 600}
case("google-pubsub", {"Authorization": "Bearer " + jwt("RS256", claims, "k1")}, verdict="authenticated", secret=None,
     fetched=[("https://www.googleapis.com/oauth2/v3/certs", SET)],
     audience="https://hooks.example/in/abc", email="push@project.example")
claims = {"aud": "app-1", "azp": "0bf30f3b-4a52-48df-9a82-234910c4a086", "iat": NOW, "exp": NOW + 600}
rich = {"value": [{"changeType": "created"}], "validationTokens": [jwt("RS256", claims, "k1")] * 2}
case("msgraph-rich", {}, body=json.dumps(rich).encode(), verdict="authenticated", secret=None, app_id="app-1",
     fetched=[("https://login.microsoftonline.com/common/discovery/v2.0/keys", SET)])

# Tokens.
KNOWN = "authenticated"
case("gitlab", {"X-Gitlab-Token": SECRET}, verdict=KNOWN)
case("telegram", {"X-Telegram-Bot-Api-Secret-Token": "a_b-c"}, secret="a_b-c", verdict=KNOWN)
case("ringcentral", {"Verification-Token": SECRET}, verdict=KNOWN)
for preset in ["okta", "auth0", "token"]:
    case(preset, {"Authorization": "Bearer xyz"}, secret="Bearer xyz", verdict=KNOWN)
    case(preset, {"X-Key": "xyz"}, secret="xyz", verdict=KNOWN, header="x-key")
for preset in ["postmark", "basic", "chargebee", "pipedrive", "sparkpost"]:
    case(preset, {"Authorization": "Basic " + b64(b"user:pa:ss")}, secret="user:pa:ss", verdict=KNOWN)
case("postmark", {}, url="https://hooks.example/in/abc?token=xyz", secret="xyz", verdict=KNOWN)
case("msgraph", {}, body=b'{"value":[{"clientState":"c"},{"clientState":"c"}]}', secret="c", verdict=KNOWN)

print(json.dumps({"now": NOW, "cases": CASES}, indent=1))
