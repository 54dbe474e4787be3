package webhooks

import (
	"net/http"

	// go get github.com/standard-webhooks/standard-webhooks/libraries/go
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Verify checks a request by its raw body.
func Verify(secret string, header http.Header, body []byte) error {
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	return webhook.Verify(body, header)
}
