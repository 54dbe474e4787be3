# pip install standardwebhooks
from standardwebhooks.webhooks import Webhook


def verify(secret, headers, body):
    return Webhook(secret).verify(body, headers)
