// What can be taken along: the ZIP, the chosen pictures, tables, an animation, a contact sheet.

import { useSignal } from "@preact/signals";
import { createWaysOut, type ExportKind, type Way } from "../effects/ways-out.ts";
import { ActionButton } from "../ui/controls.tsx";
import { download } from "../ui/download.ts";
import { usePage, useWords } from "../ui/page.ts";
import { useVideoTexts } from "./texts.ts";
import { useView, useViewing } from "./view.ts";

/** Return the ways, one that saves what is behind one of them, and what is the matter with the last, if anything is. */
export function useWaysOut() {
  const { ask } = usePage();
  const { id } = useView();
  const { sentence, failure } = useWords();
  const matter = useSignal("");

  async function save(going: Promise<Way>): Promise<boolean> {
    matter.value = "";
    const found = await going;
    if ("url" in found) download(found.url);
    else matter.value = "failure" in found ? failure(found.failure) : sentence(found.problem);
    return "url" in found;
  }
  return { ways: createWaysOut(ask, id), save, matter: matter.value };
}

/** What went wrong with a way out. */
export const Matter = ({ text }: { text: string }) => <p role="alert" class="problem">{text}</p>;

export function DownloadAll() {
  const { t } = useWords();
  const { ways, save, matter } = useWaysOut();
  return (
    <>
      <ActionButton class="primary" onAction={() => save(ways.whole())}>{t.download}</ActionButton>
      <Matter text={matter} />
    </>
  );
}

const EXPORTS: readonly ExportKind[] = ["PREVIEW_WEBP", "PREVIEW_GIF", "CONTACT_SHEET_PDF"];

export function OtherWays() {
  const texts = useVideoTexts();
  const { ways, save, matter } = useWaysOut();
  const chosen = useViewing((viewing) => viewing.choice.chosen);
  const said = useSignal("");

  async function make(kind: ExportKind): Promise<void> {
    const what = texts.exports[kind];
    said.value = texts.making(what);
    said.value = (await save(ways.made(kind, chosen))) ? texts.made(what) : "";
  }

  return (
    <details class="card">
      <summary>{texts.ways}</summary>
      <div class="ways">
        <ActionButton onAction={() => save(ways.table("csvUrl"))}>{texts.csv}</ActionButton>
        <ActionButton onAction={() => save(ways.table("cocoUrl"))}>{texts.coco}</ActionButton>
      </div>
      <p class="hint">{chosen.length === 0 ? texts.waysOf.all : texts.waysOf.chosen}</p>
      <div class="ways">
        {EXPORTS.map((kind) => <ActionButton key={kind} onAction={() => make(kind)}>{texts.exports[kind]}</ActionButton>)}
      </div>
      <p role="status">{said.value}</p>
      <Matter text={matter} />
    </details>
  );
}
