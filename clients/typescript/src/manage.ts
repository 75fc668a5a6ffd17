// What programs do besides sending, watching and fetching: fiapx-client/manage.

import { PROBLEM } from "./connection.ts";
import { CHANGED, type Video } from "./video.ts";

/** Whoever asks the service: a `FiapX`. */
export interface Asks {
  ask<Value>(query: string, variables?: object): Promise<Value>;
}

export type Scope = "READ" | "UPLOAD" | "DELETE";

/** A key for programs, without what opens anything: the schema's `ApiKey`. Times are in ISO 8601. */
export interface Key {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The last letters of the key, by which people know it. */
  readonly ending: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

export interface NewKey {
  /** The key itself, which is told this once. */
  readonly secret: string;
  readonly key: Key;
}

/** Chosen pictures as a ZIP behind a link that authorises itself until `expiresAt`: the schema's `FramesSelection`. */
export interface FramesSelection {
  /** May be relative to the service: `new URL(selection.url, url)`. */
  readonly url: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly frames: number;
  readonly expiresAt: string;
}

const KEY = "{ id name scopes ending createdAt expiresAt lastUsedAt }";
const CANCEL = `mutation CancelVideo($id: ID!) { cancelVideo(id: $id) ${CHANGED} }`;
const REPROCESS = `mutation ReprocessVideo($id: ID!, $options: ExtractionOptionsInput) {
  reprocessVideo(id: $id, options: $options) ${CHANGED}
}`;
const SELECT = `mutation SelectFrames($input: SelectFramesInput!) {
  selectFrames(input: $input) { ... on FramesSelection { url fileName sizeBytes frames expiresAt } ${PROBLEM} }
}`;
const CREATE_KEY = `mutation CreateApiKey($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
  createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) { ... on NewApiKey { secret key ${KEY} } ${PROBLEM} }
}`;
const REVOKE_KEY = `mutation RevokeApiKey($id: ID!) { revokeApiKey(id: $id) { ... on Deleted { id } ${PROBLEM} } }`;

/** Stop a processing that has not ended; it becomes FAILED with the code CANCELED. */
export const cancel = (fiapx: Asks, id: string): Promise<Video> => fiapx.ask(CANCEL, { id });

/** Process the same film again, as a new video; the options are those of the first where none are named. */
export const reprocess = (fiapx: Asks, id: string, options: object | null = null): Promise<Video> =>
  fiapx.ask(REPROCESS, { id, options });

/** Choose pictures of a video by their places in its ZIP, from 1, or by ranges of places: a link to a ZIP of them alone. */
export const selectFrames = (
  fiapx: Asks,
  videoId: string,
  which: { readonly numbers: readonly number[] } | { readonly ranges: readonly { readonly first: number; readonly last: number }[] },
): Promise<FramesSelection> => fiapx.ask(SELECT, { input: { videoId, ...which } });

/** Make a key for a program, which needs a session: no key can make one. */
export function createKey(fiapx: Asks, name: string, scopes: readonly Scope[], expiresAt: Date | null = null): Promise<NewKey> {
  return fiapx.ask(CREATE_KEY, { name, scopes, expiresAt });
}

/** The keys that there are, the oldest first. */
export const keys = (fiapx: Asks): Promise<Key[]> => fiapx.ask(`query ApiKeys { apiKeys ${KEY} }`);

/** End a key at once, with all that is watched by it. */
export const revokeKey = (fiapx: Asks, id: string): Promise<void> => fiapx.ask(REVOKE_KEY, { id });
