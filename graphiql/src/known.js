// The ids of what answers showed, so that the variables of the next operation name something that is there.

const KINDS = [
  ["import", /import/i],
  ["batch", /batch/i],
  ["preset", /preset/i],
  ["key", /apikey/i],
  ["session", /session/i],
  ["delivery", /notification|webhook/i],
  ["upload", /upload$/i],
  ["user", /account|quota|disabled/i],
  ["video", /video|frames|job|node/i],
];
const GOES = /^(delete|revoke|end|abort)/;
const known = new Map();

function kindOf(name) {
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0];
}

function idIn(value) {
  if (Array.isArray(value)) return idIn(value.find((one) => one.current === false) ?? value[0]);
  return value?.id ?? value?.key?.id ?? (value?.edges && idIn(value.edges[0]?.node));
}

/** Keep the id of the thing, or of the first of the things, that each field of an answer holds. */
export function learn(answer) {
  for (const [field, value] of Object.entries(answer?.data ?? {})) {
    const kind = kindOf(field);
    if (GOES.test(field)) known.delete(kind);
    else if (kind && idIn(value)) known.set(kind, idIn(value));
    if (value?.refreshToken) known.set("refreshToken", value.refreshToken);
  }
}

/** Fill the blanks of an operation's variables, as JSON; the same text where nothing is known of them. */
export function filled(operation, variables) {
  let values;
  try {
    values = JSON.parse(variables);
  } catch {
    return variables; // Somebody is writing there.
  }
  const own = { id: known.get(kindOf(operation)), user: known.get("user"), refreshToken: known.get("refreshToken") };
  const blank = Object.keys(values ?? {}).filter((name) => values[name] === "" && own[name]);
  if (!blank.length) return variables;
  return JSON.stringify({ ...values, ...Object.fromEntries(blank.map((name) => [name, own[name]])) }, null, 2);
}
