// smee-client on a channel of the server: says which, and forwards to SMEE_TARGET until it is killed.
import { SmeeClient } from "smee-client";

const source = await SmeeClient.createChannel({ newChannelUrl: process.env.SMEE_NEW });
const quiet = { info() {}, error: (...said) => console.error(...said) };
const smee = new SmeeClient({ source, target: process.env.SMEE_TARGET, logger: quiet });
await smee.start();
console.log(`channel ${source}`);
