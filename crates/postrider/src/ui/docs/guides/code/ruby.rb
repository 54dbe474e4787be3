require "json"
require "openssl"

TOLERANCE_SECONDS = 5 * 60

# `headers` maps names in lower case to texts; `body` is the raw body.
def verify(secret, headers, body, now: Time.now.to_i)
  id, timestamp, signatures = headers.values_at("webhook-id", "webhook-timestamp", "webhook-signature")
  raise "the request is not signed" unless id && signatures && timestamp.to_s.match?(/\A\d+\z/)
  raise "the signature is too old or too new" if (now - timestamp.to_i).abs > TOLERANCE_SECONDS

  key = secret.delete_prefix("whsec_").unpack1("m")
  mac = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body.b)
  expected = [mac].pack("m0")
  matches = signatures.split(" ").any? do |entry|
    version, given = entry.split(",", 2)
    version == "v1" && OpenSSL.secure_compare(given.to_s, expected)
  end
  raise "the signature does not match" unless matches

  JSON.parse(body)
end
