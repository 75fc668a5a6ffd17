// graphql-ws 6 alone: queries and subscriptions over one socket; what is uploaded goes by fetch.

import { createClient } from "graphql-ws";
import WebSocket from "ws";
import * as ask from "./conversation.mjs";

const client = createClient({
  url: ask.wsUrl,
  webSocketImpl: WebSocket,
  connectionParams: () => ({ authorization: ask.authorization }),
  retryWait: ask.retryWait,
  shouldRetry: () => true,
  lazy: false,
});

async function only(query, variables = {}) {
  for await (const result of client.iterate({ query, variables })) return result;
}

ask.say("query", (await only(ask.ME)).data.me);
ask.say("problem", { code: (await only(ask.NOBODYS, ask.UNKNOWN)).data.video.code });
try {
  const { errors } = await only(ask.TOO_MANY);
  ask.say("error", { code: errors[0].extensions.code });
} catch (errors) {
  ask.say("error", { code: errors[0].extensions.code });
}

const form = new FormData();
form.append("operations", JSON.stringify({ query: ask.UPLOAD, variables: { file: null } }));
form.append("map", JSON.stringify({ 0: ["variables.file"] }));
form.append("0", ask.file());
const answer = await fetch(ask.url, { method: "POST", body: form, headers: { authorization: ask.authorization } });
const { data } = await answer.json();
ask.say("upload", data.uploadVideo);

for await (const event of client.iterate({ query: ask.STATUS, variables: { id: data.uploadVideo.id } })) {
  ask.say("event", { status: event.data.videoStatus.status });
}
ask.say("complete");
await client.dispose();
