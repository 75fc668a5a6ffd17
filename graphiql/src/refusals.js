// Why there is no answer, in words, where GraphiQL alone would show a line of a stack or nothing.

const STATUS = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};
const CLOSED = {
  1006: "The line broke, or was not let through: is the service there, and are there not too many connections?",
  1013: "The service could not look who asks, and says to try again.",
  4400: "The service did not understand a message.",
  4403: "There is no session, or it is over: sign in (Login), or name one in Headers, as Authorization.",
  4408: "The connection was not introduced in time.",
  4429: "There are too many connections or subscriptions, or messages came too fast: wait, or stop others.",
};

/** Return the body of an answer of another status than 2xx, headed by what that means. */
export async function refusedAnswer(answer) {
  const refused = `${answer.status} ${STATUS[answer.status] ?? answer.statusText}`.trim();
  const wait = Number(answer.headers.get("retry-after"));
  const text = await answer.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = text ? { message: text.slice(0, 500) } : {};
  }
  return { refused, ...(wait ? { retryAfterSeconds: wait } : {}), ...body };
}

/** Return the same of a request that nobody answered. */
export function unanswered(error) {
  return { refused: "No answer", message: `The service cannot be reached: ${error.message}` };
}

/** Return the same of a subscription that ended: by errors of its own, or with the connection. */
export function refusedSubscription(why) {
  if (Array.isArray(why)) return { errors: why };
  if (why?.code === undefined) return unanswered(why ?? { message: "it ended" });
  const message = CLOSED[why.code] ?? "The service closed the connection.";
  return { refused: `${why.code} ${why.reason}`.trim(), message };
}
