// A video's own page and the service: what is asked for and watched while it is open.

import { stringifyDocument } from "@urql/core";
import { ReadPictures, ReadVideo, WatchVideo, type Viewed } from "../api/viewed.ts";
import type { ResultOf } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { createStore } from "../state/store.ts";
import { sheetCame } from "../state/storyboard.ts";
import * as viewing from "../state/viewing.ts";
import type { Page } from "./page.ts";

export type View = ReturnType<typeof createView>;

/** Milliseconds: links live for some minutes, so those of a picture that does not come are asked for anew, but not again and again. */
const RENEW_AFTER = 60_000;

export function createView({ ask, socket }: Page, id: string) {
  const store = createStore(viewing.NOTHING);
  const pictures = store.part("pictures");
  const asked = new Set<number>();
  const renewedAt = new Map<number, number>();
  const sheetsAsked = new Set<number>();
  let sheetsRenewedAt = -RENEW_AFTER;

  function take(video: Viewed): void {
    store.part("problem").change(() => null);
    store.part("video").change(viewing.told, video);
  }

  async function read(): Promise<void> {
    const { answer, problem } = await ask(ReadVideo, { id });
    if (answer) take(answer);
    else store.part("problem").change(() => problem);
  }

  /** Watch it until it has ended, or until the returned function is called. */
  function watch(): () => void {
    return socket.keep((failed) => {
      const next = ({ data, errors }: { data?: ResultOf<typeof WatchVideo> | null; errors?: unknown }): void => {
        const event = data?.videoStatus;
        if (event?.__typename === "VideoProcessing") {
          take(event);
          if (event.latestTile) store.part("arrived").change(viewing.arrived, event.latestTile);
        }
        else if (event?.__typename === "Deleted") store.part("problem").change(() => ({ code: "VIDEO_NOT_FOUND" }));
        // Another's or an unknown video is said by the reading; only what may pass is tried again.
        else if (errors) failed();
      };
      const variables = { id };
      return socket.subscribe({ query: stringifyDocument(WatchVideo), variables }, { next, error: failed, complete: () => {} });
    });
  }

  async function readPage(page: number): Promise<void> {
    if (asked.has(page)) return;
    asked.add(page);
    const { answer } = await ask(ReadPictures, { id, first: viewing.PAGE, from: page * viewing.PAGE + 1 });
    asked.delete(page);
    const found = answer?.result?.frames?.edges.map(({ node }) => node);
    if (found) pictures.change(viewing.pageRead, page, found);
    else pictures.change(viewing.pageLost);
  }

  /** Learn of the pictures from one place to another, as far as they are not known. */
  function want(first: number, last: number): void {
    for (let page = viewing.pageOf(first); page <= viewing.pageOf(last); page++) {
      if (!pictures.now().pages.has(page)) void readPage(page);
    }
  }

  /** The picture of a place did not come: its link may be over. */
  function renew(place: number): void {
    const page = viewing.pageOf(place);
    if (performance.now() - (renewedAt.get(page) ?? -RENEW_AFTER) < RENEW_AFTER) return;
    renewedAt.set(page, performance.now());
    void readPage(page);
  }

  /** Fetch a sheet of the storyboard, once; its tiles are shown when it is here. */
  function wantSheet(number: number, url: string): void {
    if (sheetsAsked.has(number)) return;
    sheetsAsked.add(number);
    const image = new Image();
    image.src = linked(url);
    image.decode().then(
      () => store.part("sheets").change(sheetCame, number, { url: image.src, width: image.naturalWidth, height: image.naturalHeight }),
      () => {
        sheetsAsked.delete(number);
        if (performance.now() - sheetsRenewedAt < RENEW_AFTER) return;
        sheetsRenewedAt = performance.now();
        void read();
      },
    );
  }

  return { store, read, watch, want, renew, wantSheet, id };
}
