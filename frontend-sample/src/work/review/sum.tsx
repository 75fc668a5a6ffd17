// What will come of it: how many pictures, how large a ZIP, how long it takes. Said before, and again with each change.

import { graphql } from "../../api/graphql.ts";
import { optionsFields } from "../../api/options.ts";
import type { Words } from "../../texts/words.ts";
import { useAnswer, useStore, useWords } from "../../ui/page.ts";
import { chosenOf } from "../options.ts";
import { pictureCount } from "./checked.ts";
import type { Count } from "./count.ts";
import { bytesOf, paceOf, secondsOf, type Speed, workOf } from "./estimate.ts";
import { type Item, markedOf, type Review } from "./review.ts";
import { reviewTexts, useReviewTexts } from "./texts.ts";

/** What the service took for the last videos: its pace where it runs here, and with this load. */
const Pace = graphql(
  `query Pace {
    videos(first: 20) {
      edges { node { startedAt completedAt media { durationSeconds width height } options { ...OptionsFields } result { frameCount } } }
    }
  }`,
  [optionsFields],
);

export function Sum({ review, isWrong }: { review: Review; isWrong: (item: Item) => boolean }) {
  const words = useWords();
  const { size, time } = words;
  const texts = useReviewTexts();
  const speed = useSpeed();
  const parts = review.items.map((item) => {
    const { chosen } = markedOf(review, item);
    const count = isWrong(item) ? null : pictureCount(markedOf(review, item), item.film ?? null);
    const known = count && item.film ? { bytes: bytesOf(item.film, chosen, count.files), work: workOf(item.film, chosen, count.files) } : null;
    return { count, known, sent: item.file.size };
  });
  const open = parts.filter(({ count }) => !count).length;
  const total = (of: (part: (typeof parts)[number]) => number): number => parts.reduce((all, part) => all + of(part), 0);
  const isKnown = parts.some(({ known }) => known);
  const bytes = total(({ known }) => known?.bytes ?? 0);
  const seconds = secondsOf(total(({ sent }) => sent), total(({ known }) => known?.work ?? 0), speed);

  return (
    <p class="sum" data-open={open}>
      <strong>{countText(together(parts.map(({ count }) => count)), words) ?? (review.items.some(isWrong) ? texts.mend : texts.notKnown)}</strong>{" "}
      {isKnown && <span>{texts.zip(size(rounded(bytes)))}</span>}{" "}
      {isKnown && <span>{speed.uplink ? texts.time(time(seconds)) : texts.timeAfter(time(seconds))}</span>}{" "}
      {open > 0 && open < parts.length && <span class="hint">{texts.open(open)}</span>}
    </p>
  );
}

function useSpeed(): Speed {
  const uplink = useStore((state) => state.uplink);
  const [outcome] = useAnswer(Pace, {});
  const measured = (outcome?.answer?.edges ?? []).flatMap(({ node: { startedAt, completedAt, media, options, result } }) => {
    if (!startedAt || !completedAt || !media?.durationSeconds || !result) return [];
    const film = { duration: media.durationSeconds, width: media.width, height: media.height, pictures: null, detail: null };
    const actual = (Date.parse(completedAt) - Date.parse(startedAt)) / 1000;
    return actual > 0 ? [{ actual, estimated: workOf(film, chosenOf(options), result.frameCount) }] : [];
  });
  return { uplink, pace: paceOf(measured) };
}

/** Those of all files that can be told. */
function together(counts: readonly Count[]): Count {
  const told = counts.filter((count) => count !== null);
  const how = (["most", "about"] as const).find((one) => told.some((count) => count.how === one)) ?? "exactly";
  return told.length > 0 ? { files: told.reduce((all, { files }) => all + files, 0), how } : null;
}

export function countText(count: Count, { t, language }: Words): string | null {
  if (!count) return null;
  const text = t.frameCount(count.files);
  const { about, atMost } = reviewTexts(language);
  return { exactly: text, about: about(text), most: atMost(text) }[count.how];
}

/** Two digits: an estimate has no more. */
function rounded(bytes: number): number {
  return Number(bytes.toPrecision(2));
}
