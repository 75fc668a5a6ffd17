// The socket: one for the whole page, which finds its way back by itself.

import { createClient } from "graphql-ws";
import { socketUrl } from "../api/places.ts";
import { connected, disconnected, type PageStore } from "../state/page.ts";
import { refused } from "../state/session.ts";
import type { Tokens } from "./session.ts";

const LONGEST_WAIT = 3000;
const PING_EVERY = 10_000;
const PONG_WITHIN = 5000;
/** Our own pings are answered within so long: a socket that heard nothing for longer is dead, such as after the machine slept. */
const SILENCE = 25_000;

type Timer = ReturnType<typeof setTimeout>;
export type Socket = ReturnType<typeof createSocket>;

export function createSocket(store: PageStore, tokens: Tokens) {
  const connection = store.part("connection");
  const session = store.part("session");
  let used: string | null = null;
  let heardAt = 0;
  let pong: Timer | undefined;
  let wakeUp = (): void => {};

  /** Wait longer each time, but not past a sign that it may work now. */
  function retryWait(retries: number): Promise<void> {
    const wait = Math.min(250 * 2 ** retries, LONGEST_WAIT) * (0.5 + Math.random() / 2);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const client = createClient({
    url: socketUrl,
    connectionParams: async () => {
      // Without one the service refuses this connection, and the next asks again.
      if (tokens.areNeeded()) await tokens.refresh().catch(() => {});
      used = tokens.current();
      return tokens.headers();
    },
    shouldRetry: () => !session.now().isExpired,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait,
    keepAlive: PING_EVERY,
    connectionAckWaitTimeout: 10_000,
    on: {
      connected: () => connection.change(connected),
      message: () => (heardAt = Date.now()),
      // A dead connection does not say so: the answer to a ping stays away.
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_WITHIN);
      },
      pong: () => clearTimeout(pong),
      closed: (event) => {
        clearTimeout(pong);
        connection.change(disconnected);
        // 4403: there is no session, or it is over. The next connection asks for a new token.
        if ((event as CloseEvent).code === 4403) session.change(refused, used);
      },
    },
  });

  function wake(): void {
    if (document.visibilityState === "hidden") return;
    if (connection.now().state === "live" && Date.now() - heardAt > SILENCE) client.terminate();
    wakeUp();
  }
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);

  return {
    subscribe: client.subscribe,
    /**
     * Keep something running over the socket: graphql-ws gives up for good after some close codes (4429, too many sockets, is
     * one), which a page that stays open for days must outlive.
     */
    keep(start: (failed: () => void) => () => void): () => void {
      let timer: Timer | undefined;
      function failed(): void {
        connection.change(disconnected);
        clearTimeout(timer);
        timer = setTimeout(() => {
          stop();
          stop = start(failed);
        }, LONGEST_WAIT);
      }
      let stop = start(failed);
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
  };
}
