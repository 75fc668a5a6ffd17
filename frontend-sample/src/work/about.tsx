// What a line says of its video beside its state, and of the other runs of its file.

import type { Video } from "../api/video.ts";
import { runsToggled } from "../state/videos.ts";
import { usePage, useWords } from "../ui/page.ts";
import { KINDS } from "./options.ts";

/** So many instants are named, where frames are taken at given ones. */
const SOME = 4;

/** How a line stands to those of the same file. */
export interface RunProps {
  /** How many others there are of its file, where it stands for them. */
  others: number;
  /** Whether they are shown. */
  isOpen: boolean;
  /** Whether it is one of those. */
  isRun: boolean;
}

/** When it was sent, how long it lasts, how its frames are taken; and the other runs of its file. */
export function About({ video, others, isOpen }: { video: Video } & RunProps) {
  const { t, duration, moment } = useWords();
  const { store } = usePage();
  const { createdAt, fileId, media, options, originalFileName: name } = video;
  const kind = KINDS.find((one) => options.select[one] !== null);
  const value = kind && options.select[kind];
  const said = Array.isArray(value) ? `${value.slice(0, SOME).join(" ")}${value.length > SOME ? " …" : ""}` : String(value);
  const facts = [
    moment(createdAt),
    media?.durationSeconds && duration(media.durationSeconds),
    kind && `${t.selected[kind](said)}, ${options.format}`,
  ];
  return (
    <p class="about">
      <span>{facts.filter(Boolean).join(" · ")}</span>
      {others > 0 && (
        <button
          type="button"
          class="link"
          aria-expanded={isOpen}
          aria-label={t.actionOn(t.list.runs(others), name)}
          onClick={() => store.part("list").change(runsToggled, fileId)}
        >
          {t.list.runs(others)}
        </button>
      )}
    </p>
  );
}
