"""Uses a server as a customer of the library would, and prints what came of it as one line of JSON.

POSTRIDER_URL and POSTRIDER_KEY name the server, whose environment has a retry schedule of one attempt. Deliveries come
to a receiver in here, which verifies every one with `standardwebhooks`.
"""

import json
import os
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook
from svix.api import (
    ApplicationIn,
    ApplicationListOptions,
    ApplicationTokenExpireIn,
    AppPortalAccessIn,
    AppPortalCapability,
    EndpointHeadersIn,
    EndpointIn,
    EndpointPatch,
    EndpointSecretRotateIn,
    EventExampleIn,
    EventTypeIn,
    EventTypeUpsertIn,
    MessageIn,
    RecoverIn,
    Svix,
    SvixOptions,
)
from svix.api.application import ApplicationCreateOptions
from svix.api.message import MessageGetOptions
from svix.exceptions import HttpError, HTTPValidationError

URL, KEY = os.environ["POSTRIDER_URL"], os.environ["POSTRIDER_KEY"]


class Receiver(BaseHTTPRequestHandler):
    """Verifies each delivery with every secret, and answers what it is told to."""

    protocol_version = "HTTP/1.1"
    secrets, answers, arrived = [], 200, threading.Condition()
    deliveries = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        matching = [secret for secret in self.secrets if verifies(secret, body, dict(self.headers))]
        with self.arrived:
            self.deliveries.append({"id": self.headers["webhook-id"], "secrets": matching, "headers": self.headers})
            self.arrived.notify_all()
        self.send_response(Receiver.answers)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def verifies(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except Exception:
        return False


def until(what, look):
    """Looks until there is something, for ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(what)


def wait_for(count):
    with Receiver.arrived:
        assert Receiver.arrived.wait_for(lambda: len(Receiver.deliveries) >= count, 10), f"{count} deliveries"
    return Receiver.deliveries[count - 1]


def refused(call):
    """The status of the error that the library raises."""
    try:
        call()
    except HttpError as error:
        assert error.code and error.detail, error
        return error.status_code
    except HTTPValidationError as error:
        assert error.detail[0].loc and error.detail[0].msg, error
        return error.status_code
    raise AssertionError("it was not refused")


def main():
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    svix = Svix(KEY, SvixOptions(server_url=URL))

    svix.event_type.create(EventTypeIn(name="invoice.paid", description="Paid"))
    changed = svix.event_type.upsert("invoice.paid", EventTypeUpsertIn(description="Was paid"))
    assert changed.description == "Was paid"
    assert [one.name for one in svix.event_type.list().data] == ["invoice.paid"]

    app = svix.application.create(ApplicationIn(name="Customer", uid="customer", metadata={"plan": "gold"}))
    assert svix.application.get_or_create(ApplicationIn(name="Other", uid="customer")).id == app.id
    assert svix.application.get("customer").metadata == {"plan": "gold"}
    keyed = [
        svix.application.create(ApplicationIn(name="Once"), ApplicationCreateOptions(idempotency_key="once"))
        for _ in range(2)
    ]

    hook = f"http://127.0.0.1:{listener.server_port}/hook"
    endpoint = svix.endpoint.create(
        "customer", EndpointIn(url=hook, uid="main", description="Ours", event_types=["invoice.paid"])
    )
    secret = svix.endpoint.get_secret("customer", "main").key
    Receiver.secrets = [secret]
    svix.endpoint.set_headers("customer", "main", EndpointHeadersIn(headers={"x-mine": "1"}))
    assert svix.endpoint.get_headers("customer", "main").headers == {"x-mine": "1"}
    patched = svix.endpoint.patch("customer", "main", EndpointPatch(description="Patched"))
    assert (patched.id, patched.description) == (endpoint.id, "Patched")

    def publish(number):
        message = MessageIn(event_type="invoice.paid", event_id=f"evt-{number}", payload={"number": number})
        return svix.message.create("customer", message)

    messages = [publish(number) for number in range(3)]
    assert wait_for(3)["headers"]["x-mine"] == "1"
    assert svix.message.get("customer", "evt-1", MessageGetOptions(with_content=True)).payload == {"number": 1}
    assert [one.id for one in svix.message.list("customer").data] == [one.id for one in reversed(messages)]

    def attempts_of(message, count):
        def look():
            found = svix.message_attempt.list_by_msg("customer", message.id).data
            return found if len(found) >= count else None

        return until(f"{count} attempts", look)

    for message in messages:
        attempts_of(message, 1)
    attempts = svix.message_attempt.list_by_endpoint("customer", "main").data
    assert all(one.response_status_code == 200 and one.status == 0 for one in attempts), attempts
    assert svix.message_attempt.get("customer", attempts[0].msg_id, attempts[0].id).id == attempts[0].id

    svix.message_attempt.resend("customer", messages[0].id, "main")
    wait_for(4)
    resent = attempts_of(messages[0], 2)[0]

    rotated = svix.endpoint.rotate_secret("customer", "main", EndpointSecretRotateIn())
    assert rotated.key != secret and svix.endpoint.get_secret("customer", "main").key == rotated.key
    Receiver.secrets = [secret, rotated.key]
    publish(3)
    both = wait_for(5)["secrets"]

    since = datetime.now(timezone.utc)
    time.sleep(0.01)
    Receiver.answers = 500
    failed = [publish(number) for number in (4, 5)]
    wait_for(7)
    for message in failed:
        until("the failure", lambda: svix.message_attempt.list_attempted_destinations("customer", message.id).data[0].status == 2)
    Receiver.answers = 200
    svix.endpoint.recover("customer", "main", RecoverIn(since=since))
    wait_for(9)
    recovered = [attempts_of(message, 2)[0] for message in failed]

    svix.endpoint.send_example("customer", "main", EventExampleIn(event_type="invoice.paid"))
    wait_for(10)
    until("the statistics", lambda: svix.endpoint.get_stats("customer", "main").success == 7)

    for number in range(3):
        svix.application.create(ApplicationIn(name=f"More {number}"))
    pages, options = 1, ApplicationListOptions(limit=2)
    page = svix.application.list(options)
    while not page.done:
        page = svix.application.list(ApplicationListOptions(limit=2, iterator=page.iterator))
        pages += 1

    def access(**asked):
        given = svix.authentication.app_portal_access("customer", AppPortalAccessIn(feature_flags=["beta"], **asked))
        assert "/portal#key=" in given.url, given.url
        return Svix(given.token, SvixOptions(server_url=URL))

    viewer = access(capabilities=[AppPortalCapability.VIEW_BASE], expiry=3600, session_id="ann")
    others = [access(), access(session_id="bob"), access(session_id="carl")]
    portal = [
        len(viewer.endpoint.list("customer").data),
        refused(lambda: viewer.endpoint.get_secret("customer", "main")),
        refused(lambda: viewer.endpoint.delete("customer", "main")),
    ]
    assert others[0].endpoint.get_secret("customer", "main").key == rotated.key
    viewer.authentication.logout()
    svix.authentication.expire_all("customer", ApplicationTokenExpireIn(session_ids=["bob"], expiry=0))
    portal += [refused(lambda: one.endpoint.list("customer")) for one in (viewer, others[1])]
    portal.append(len(others[2].endpoint.list("customer").data))
    svix.authentication.expire_all("customer", ApplicationTokenExpireIn())
    portal.append(refused(lambda: others[2].endpoint.list("customer")))
    portal.append(refused(lambda: svix.authentication.logout()))

    stranger = Svix("prk_00000000000000000000000000000000", SvixOptions(server_url=URL))
    summary = {
        "attempts": len(attempts),
        "bothSignaturesAfterRotation": both == [secret, rotated.key],
        "conflict": refused(lambda: publish(0)),
        "idempotent": keyed[0].id == keyed[1].id,
        "invalid": refused(lambda: svix.application.create(ApplicationIn(name=""))),
        "notFound": refused(lambda: svix.application.get("missing")),
        "pages": pages,
        "portal": portal,
        "recovered": sum(one.status == 0 for one in recovered),
        "resentTrigger": int(resent.trigger_type),
        "unauthorized": refused(lambda: stranger.application.list()),
        "unverified": sum(not one["secrets"] for one in Receiver.deliveries),
        "verified": sum(bool(one["secrets"]) for one in Receiver.deliveries),
    }
    svix.endpoint.delete("customer", "main")
    svix.application.delete("customer")
    svix.event_type.delete("invoice.paid")
    assert refused(lambda: svix.application.get("customer")) == 404
    print(json.dumps(summary))


main()
