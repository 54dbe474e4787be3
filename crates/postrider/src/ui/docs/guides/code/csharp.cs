using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;

public static class Webhooks
{
    private const long ToleranceSeconds = 5 * 60;

    /// <summary>Headers with names in lower case, and the raw body.</summary>
    public static void Verify(string secret, IReadOnlyDictionary<string, string> headers, byte[] body)
    {
        var id = headers.GetValueOrDefault("webhook-id", "");
        var timestamp = headers.GetValueOrDefault("webhook-timestamp", "");
        var signatures = headers.GetValueOrDefault("webhook-signature", "");
        if (id == "" || !long.TryParse(timestamp, out var seconds) || signatures == "")
            throw new CryptographicException("the request is not signed");
        if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > ToleranceSeconds)
            throw new CryptographicException("the signature is too old or too new");

        var key = Convert.FromBase64String(secret.StartsWith("whsec_") ? secret["whsec_".Length..] : secret);
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        mac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        mac.AppendData(body);
        var expected = Encoding.UTF8.GetBytes("v1," + Convert.ToBase64String(mac.GetHashAndReset()));
        foreach (var entry in signatures.Split(' '))
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(entry), expected))
                return;
        throw new CryptographicException("the signature does not match");
    }
}
