// The way to the service: GraphQL and REST over fetch, with a key, a token or a session of its own.

import { type OnSent, send } from "./line.ts";
import { isRefused, lost, Refused, retryAfter, type Why } from "./refused.ts";

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

type Signal = AbortSignal | null | undefined;

/** To be asked for beside every type that may be refused. */
export const PROBLEM = "... on Problem { code message field retryAfterSeconds }";
const SESSION = `{ ... on Session { accessToken refreshToken } ${PROBLEM} }`;
const LOGIN = `mutation Login($input: LoginInput!) { login(input: $input) ${SESSION} }`;
const RENEW = `mutation RefreshSession($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) ${SESSION} }`;
const CODES: Readonly<Record<number, string>> = { 416: "RANGE_NOT_SATISFIABLE", 429: "RATE_LIMITED" };

/** The service, asked in somebody's name. */
export class Connection {
  #session: Session | null = null;
  #renewing: Promise<void> | null = null;

  constructor(readonly access: Access) {}

  /** Throws `Refused`, with `INVALID_CREDENTIALS` where the address or the password is wrong. */
  signIn(email: string, password: string): Promise<void> {
    return this.#begin(LOGIN, { input: { email, password } });
  }

  /** What the one field of an operation answers; throws `Refused` with what the service says instead. */
  ask<Value>(query: string, variables: object = {}, signal?: AbortSignal): Promise<Value> {
    return this.#authorized("graphql", posted(query, variables, signal), valueIn<Value>);
  }

  /** An answer without its body; throws `Refused` where it is an error. @internal */
  open(path: string, init: RequestInit, onSent?: OnSent): Promise<Response> {
    return this.#authorized(path, init, (answer, signal) => (answer.ok ? answer : valueIn(answer, signal)), onSent);
  }

  async #authorized<Value>(
    path: string,
    init: RequestInit,
    read: (answer: Response, signal: Signal) => Value | Promise<Value>,
    onSent?: OnSent,
  ): Promise<Value> {
    const used = this.#session;
    const step = async (): Promise<Value> => read(await this.#fetch(path, init, await this.#token(), onSent), init.signal);
    try {
      return await step();
    } catch (error) {
      if (!used || !isRefused(error, "UNAUTHENTICATED")) throw error;
      // Several may have found the token to be over at the same time.
      if (this.#session === used) await (this.#renewing ??= this.#begin(RENEW, { refreshToken: used.refreshToken }).finally(() => (this.#renewing = null)));
      return step();
    }
  }

  async #begin(query: string, variables: object): Promise<void> {
    this.#session = await valueIn<Session>(await this.#fetch("graphql", posted(query, variables), null));
  }

  async #token(): Promise<string | null> {
    const { key = null, token = key } = this.access;
    return this.#session?.accessToken ?? (typeof token === "function" ? token() : token);
  }

  #fetch(path: string, { headers, ...init }: RequestInit, token: string | null, onSent?: OnSent): Promise<Response> {
    const url = new URL(this.access.url.replace(/\/*$/, `/${path}`));
    const asked = { ...init, headers: { ...(headers as object), ...(token && { Authorization: `Bearer ${token}` }) } };
    return (onSent ? send(url, asked, onSent) : fetch(url, asked)).catch(() => {
      init.signal?.throwIfAborted();
      throw lost("The service does not answer.");
    });
  }
}

/** A GraphQL operation over HTTP. */
export function posted(query: string, variables: object, signal?: AbortSignal, headers?: Record<string, string>): RequestInit {
  const body = JSON.stringify({ query, variables });
  return { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body, signal: signal! };
}

export async function valueIn<Value>(answer: Response, signal?: Signal): Promise<Value> {
  const text = await answer.text().catch(() => {
    signal?.throwIfAborted();
    throw lost();
  });
  return valueOf(answer, text);
}

/** What was asked for, of an answer's text; throws `Refused` with what the service says instead. */
export function valueOf<Value>(answer: Response, text: string): Value {
  let said: Answer | null = null;
  try {
    said = JSON.parse(text) as Answer;
  } catch {
    // What stands before the service answers in words of its own, and so does the storage.
  }
  const error = said?.errors?.[0];
  const [value] = Object.values(said?.data ?? {});
  if (value?.code) throw new Refused(value.code, value);
  if (value || (value === null && !error)) return value as Value;
  const { code = said?.code, ...why } = error?.extensions ?? {};
  const retryAfterSeconds = why.retryAfterSeconds ?? retryAfter(answer.headers.get("Retry-After"));
  if (code) throw new Refused(code, { ...why, message: error?.message ?? said?.detail, retryAfterSeconds });
  const known = CODES[answer.status] ?? (answer.status >= 500 ? "SERVICE_BUSY" : "INTERNAL");
  throw new Refused(known, { message: `The service answered with ${answer.status}.`, retryAfterSeconds });
}
