<?php

// composer require standard-webhooks/standard-webhooks
function verify(string $secret, array $headers, string $body): array
{
    return (new \StandardWebhooks\Webhook($secret))->verify($body, $headers);
}
