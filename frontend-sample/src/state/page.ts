// The page's state: what is here stands nowhere else.

import type { Limits } from "../api/limits.ts";
import type { Words } from "../texts/words.ts";
import { EMPTY, type List } from "./list.ts";
import type { Session } from "./session.ts";
import type { Store } from "./store.ts";

export type Place = "/" | "/sign-up" | "/forgot-password" | "/reset-password" | "/verify-email" | `/videos/${string}`;

/** The video whose own page a path is; null where it is another place. */
export const videoAt = (path: string): string | null => /^\/videos\/([^/]+)$/.exec(path)?.[1] ?? null;

/** Whether what is on the page is as it is, and how often the socket was opened: whoever missed something reads it again. */
export interface Connection {
  readonly state: "connecting" | "live" | "reconnecting";
  readonly count: number;
}

/** What the live region says. The number is another each time: the same words again are something new, and to be spoken. */
export interface Said {
  readonly text: string;
  readonly number: number;
}

/** Light or dark; "system" is as the system has it. */
export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export interface State {
  readonly session: Session;
  readonly list: List;
  /** Null until they are known. */
  readonly limits: Limits | null;
  readonly connection: Connection;
  /** Of the language in which the page speaks. */
  readonly words: Words;
  /** The path of the address. */
  readonly place: string;
  /** What is shown, where the window is to be called after it. */
  readonly title: string | null;
  readonly said: Said;
  /** Whether the system may show notifications. */
  readonly notifications: NotificationPermission;
  readonly theme: Theme;
  /** Whether single keys do something. */
  readonly shortcuts: boolean;
  /** Bytes a second at which the last upload went; null until one did. */
  readonly uplink: number | null;
}

export type PageStore = Store<State>;

export function initial(found: Pick<State, "session" | "words" | "place" | "notifications" | "theme" | "shortcuts">): State {
  const connection: Connection = { state: "connecting", count: 0 };
  return { ...found, list: EMPTY, limits: null, uplink: null, connection, title: null, said: { text: "", number: 0 } };
}

export const connected = ({ count }: Connection): Connection => ({ state: "live", count: count + 1 });
export const disconnected = ({ count }: Connection): Connection => ({ state: "reconnecting", count });
export const spoken = ({ number }: Said, text: string): Said => ({ text, number: number + 1 });
