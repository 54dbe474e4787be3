# gem install standardwebhooks
require "standardwebhooks"

def verify(secret, headers, body)
  StandardWebhooks::Webhook.new(secret).verify(body, headers)
end
