// The way to the service: GraphQL and REST over fetch, with a key, a token or a session of its own.

import { lost, Refused, retryAfter, type Why } from "./refused.ts";

export interface Access {
  /** Where the service is, such as https://videos.example. */
  readonly url: string;
  /** A key for programs, such as fx_…, in whose scopes all happens. */
  readonly key?: string;
  /** A token, or what gives one each time; left out by whoever has a key or calls `signIn`. */
  readonly token?: string | (() => string | Promise<string>);
}

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface Answer {
  readonly data?: Readonly<Record<string, (Why & { code?: string }) | null>> | null;
  readonly errors?: readonly { message: string; extensions?: { code?: string; retryAfterSeconds?: number; field?: string[] } }[];
  /** Those of a problem by REST (RFC 9457). */
  readonly code?: string;
  readonly detail?: string;
}

/** To be asked for beside every type that may be refused. */
export const PROBLEM = "... on Problem { code message field retryAfterSeconds }";
const SESSION = `{ ... on Session { accessToken refreshToken } ${PROBLEM} }`;
const LOGIN = `mutation Login($input: LoginInput!) { login(input: $input) ${SESSION} }`;
const RENEW = `mutation RefreshSession($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) ${SESSION} }`;
const CODES: Readonly<Record<number, string>> = { 416: "RANGE_NOT_SATISFIABLE", 429: "RATE_LIMITED" };

export class Connection {
  #session: Session | null = null;
  #renewing: Promise<void> | null = null;

  constructor(readonly access: Access) {}

  async signIn(email: string, password: string): Promise<void> {
    this.#session = await this.#post<Session>(LOGIN, { input: { email, password } }, null);
  }

  /** What the one field of an operation answers; throws `Refused` with what the service says instead. */
  ask<Value>(query: string, variables: object = {}, signal?: AbortSignal): Promise<Value> {
    return this.#authorized((token) => this.#post(query, variables, token, signal));
  }

  /** An answer without its body; throws `Refused` where it is an error. */
  open(path: string, init: RequestInit): Promise<Response> {
    return this.#authorized(async (token) => {
      const answer = await this.#fetch(path, init, token);
      return answer.ok ? answer : valueOf(answer, await textOf(answer, init.signal));
    });
  }

  async #authorized<Value>(step: (token: string | null) => Promise<Value>): Promise<Value> {
    const used = this.#session;
    try {
      return await step(await this.#token());
    } catch (error) {
      if (!used || !(error instanceof Refused) || error.code !== "UNAUTHENTICATED") throw error;
      // Several may have found the token to be over at the same time.
      if (this.#session === used) await (this.#renewing ??= this.#renew(used).finally(() => (this.#renewing = null)));
      return step(await this.#token());
    }
  }

  async #renew({ refreshToken }: Session): Promise<void> {
    this.#session = await this.#post<Session>(RENEW, { refreshToken }, null);
  }

  async #token(): Promise<string | null> {
    const { key = null, token = key } = this.access;
    return this.#session?.accessToken ?? (typeof token === "function" ? token() : token);
  }

  async #post<Value>(query: string, variables: object, token: string | null, signal?: AbortSignal): Promise<Value> {
    const answer = await this.#fetch("graphql", posted(query, variables, signal), token);
    return valueOf(answer, await textOf(answer, signal));
  }

  #fetch(path: string, { headers, ...init }: RequestInit, token: string | null): Promise<Response> {
    const authorized = { ...(headers as Record<string, string>), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    return fetch(new URL(path, new URL("./", `${this.access.url}/`)), { ...init, headers: authorized }).catch(() => {
      init.signal?.throwIfAborted();
      throw lost("The service does not answer.");
    });
  }
}

const textOf = (answer: Response, signal: AbortSignal | null | undefined): Promise<string> =>
  answer.text().catch(() => {
    signal?.throwIfAborted();
    throw lost("The service's answer broke off.");
  });

/** A GraphQL operation over HTTP. */
export function posted(query: string, variables: object, signal?: AbortSignal, headers?: Record<string, string>): RequestInit {
  const body = JSON.stringify({ query, variables });
  return { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body, signal: signal ?? null };
}

/** What was asked for, of an answer's text; throws `Refused` with what the service says instead. */
export function valueOf<Value>(answer: Response, text: string): Value {
  const said = parsed(text);
  const [value] = Object.values(said?.data ?? {});
  if (value?.code) throw new Refused(value.code, value);
  if (value) return value as Value;
  const error = said?.errors?.[0];
  const { code = said?.code, ...why } = error?.extensions ?? {};
  const retryAfterSeconds = why.retryAfterSeconds ?? retryAfter(answer.headers.get("Retry-After"));
  if (code) throw new Refused(code, { ...why, message: error?.message ?? said?.detail, retryAfterSeconds });
  // What stands before the service answers in words of its own, and so does the storage.
  const known = CODES[answer.status] ?? (answer.status >= 500 ? "SERVICE_BUSY" : "INTERNAL");
  throw new Refused(known, { message: `The service answered with ${answer.status}.`, retryAfterSeconds });
}

function parsed(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return null;
  }
}
