// What was done: how frames were taken, what was found in the file, and when.

import { isExpired } from "../api/video.ts";
import type { Viewed } from "../api/viewed.ts";
import { useWords } from "../ui/page.ts";
import { chosenOf } from "../work/options.ts";
import { useVideoTexts } from "./texts.ts";

type Fact = readonly [name: string, value: string | false | null | undefined | 0];

export function Facts({ video }: { video: Viewed }) {
  const texts = useVideoTexts();
  const { t, duration, moment, number, size, time } = useWords();
  const { details } = t;
  const { media, result, options, startedAt, completedAt } = video;
  const { kind, value } = chosenOf(options);
  const { startSeconds: from, endSeconds: to, maxWidth, maxHeight, quality, format } = options;
  const took = startedAt && completedAt ? (Date.parse(completedAt) - Date.parse(startedAt)) / 1000 : 0;
  const facts: Fact[] = [
    [t.frames, t.selected[kind](value)],
    [t.format, quality === null ? format : `${format}, ${number(quality)}`],
    [t.maxWidth, maxWidth !== null && number(maxWidth)],
    [t.maxHeight, maxHeight !== null && number(maxHeight)],
    [texts.part, from === null && to === null ? texts.whole : `${duration(from ?? 0)} – ${to === null ? "" : duration(to)}`],
    [details.size, media && `${number(media.width)} × ${number(media.height)}`],
    [details.duration, media?.durationSeconds && duration(media.durationSeconds)],
    [details.rate, media?.framesPerSecond && number(media.framesPerSecond)],
    [details.codec, media?.codec],
    [details.sent, `${moment(video.createdAt)}, ${size(video.sizeBytes)}`],
    [texts.began, startedAt && moment(startedAt)],
    [details.ended, completedAt && moment(completedAt)],
    [texts.took, took > 0 && time(took)],
    [isExpired(video) ? details.expired : details.kept, video.expiresAt && moment(video.expiresAt)],
    [details.zip, result && `${t.frameCount(result.frameCount)}, ${size(result.sizeBytes)}`],
  ];
  return (
    <dl>
      {facts.map(([name, value]) => value && (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
