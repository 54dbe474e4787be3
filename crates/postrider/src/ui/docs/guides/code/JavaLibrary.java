// com.standardwebhooks:standardwebhooks
import com.standardwebhooks.Webhook;
import java.net.http.HttpHeaders;

final class Webhooks {
    static void verify(String secret, HttpHeaders headers, String body) throws Exception {
        new Webhook(secret).verify(body, headers);
    }
}
