// The viewer's account: who they are, what they are told and were told, what is open in their name, and their data.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "../ui/controls.tsx";
import { useStore, useWords } from "../ui/page.ts";
import { Deliveries } from "./deliveries.tsx";
import { Keys } from "./keys.tsx";
import { DeleteAccount, ExportMyData, VideosFromBefore } from "./my-data.tsx";
import { Notifications } from "./notifications.tsx";
import { Profile } from "./profile.tsx";
import { Sessions } from "./sessions.tsx";
import { Stored } from "./stored.tsx";
import { useTexts } from "./texts.ts";

/** Something was sent a moment ago: look so many times more whether it has arrived. */
const LOOKS = 8;

export function AccountDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const texts = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const looks = useSignal(0);
  const place = useStore((state) => state.place);
  const opened = useRef(place);
  // Who follows a link leaves.
  useEffect(() => {
    if (place !== opened.current) dialog.current!.close();
  }, [place]);
  const onSent = (): void => void (looks.value = LOOKS);

  return (
    <Dialog dialog={dialog} class="details account" id="account-title" title={t.account} onClose={onClose}>
      <Profile onSent={onSent} />
      <Stored />
      <Notifications onSent={onSent} />
      <Deliveries looks={looks} onSent={onSent} />
      <Sessions />
      <Keys onSent={onSent} />
      <section class="card">
        <h3>{texts.myData}</h3>
        <ExportMyData />
        <VideosFromBefore />
        <DeleteAccount />
      </section>
    </Dialog>
  );
}
