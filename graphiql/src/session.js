// Who asks. It lives as long as the page does: no token is ever stored.

let authorization = "";

/** What goes with every operation, unless its headers name somebody else. */
export function current() {
  return authorization;
}

export function become(value) {
  authorization = value;
}

/** Sign in with what an answer gives: any field of it that is a Session. */
export function learn(answer) {
  for (const field of Object.values(answer?.data ?? {})) {
    if (field?.accessToken) become(`Bearer ${field.accessToken}`);
  }
}
