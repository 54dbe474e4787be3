// dotnet add package StandardWebhooks
using System.Net;
using StandardWebhooks;

public static class Webhooks
{
    public static void Verify(string secret, WebHeaderCollection headers, string body) =>
        new Webhook(secret).Verify(body, headers);
}
