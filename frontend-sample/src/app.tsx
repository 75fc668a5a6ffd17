// The page: who is here, and which screen that means.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { graphql } from "./api/graphql.ts";
import type { Page } from "./effects/page.ts";
import { ForgotPassword } from "./screens/forgot-password.tsx";
import { Home } from "./screens/home.tsx";
import { ResetPasswordScreen } from "./screens/reset-password.tsx";
import { SignIn } from "./screens/sign-in.tsx";
import { SignUp } from "./screens/sign-up.tsx";
import { VerifyEmailScreen } from "./screens/verify-email.tsx";
import { LANGUAGES, type Language } from "./texts/words.ts";
import { LanguageSelect } from "./ui/language.tsx";
import { later } from "./ui/later.tsx";
import { PageContext, usePage, useSignOut, useStore, useWords } from "./ui/page.ts";
import { useShortcuts } from "./ui/shortcuts.ts";
import { ThemeSelect } from "./ui/theme.tsx";

const ShortcutsDialog = later(async () => (await import("./ui/shortcuts-dialog.tsx")).ShortcutsDialog);
const AccountDialog = later(async () => (await import("./account/account.tsx")).AccountDialog);

const UpdateProfile = graphql(`mutation UpdateProfile($input: ProfileInput!) { updateProfile(input: $input) { __typename } }`);

export function App({ page }: { page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Screens />
    </PageContext.Provider>
  );
}

function Screens() {
  const user = useStore(({ session }) => session.user);
  const isExpired = useStore(({ session }) => session.isExpired);
  const said = useStore((state) => state.said);
  const Screen = useStore(({ place, session }) => screenAt(place, session.user !== null));
  /** Whose account is open; it closes when somebody else is here, or nobody. */
  const account = useSignal<string | null>(null);
  const isHelping = useSignal(false);
  const help = (): void => void (isHelping.value = true);
  useShortcuts({ "?": help });
  useEffect(() => () => void (account.value = null), [user?.id]);

  // A new screen begins at its heading, for eyes and for screen readers; the very first one at the top.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.querySelector<HTMLElement>("main h1")?.focus();
    first.current = false;
  }, [Screen]);

  return (
    <>
      <Head openAccount={() => (account.value = user!.id)} help={help} />
      <main>
        <Screen key={user?.id} />
      </main>
      {user && account.value === user.id && <AccountDialog onClose={() => (account.value = null)} />}
      {isHelping.value && <ShortcutsDialog onClose={() => (isHelping.value = false)} />}
      {isExpired && <SignInAgain />}
      <p role="status" class="unseen">
        <span key={said.number}>{said.text}</span>
      </p>
    </>
  );
}

function screenAt(path: string, isSignedIn: boolean) {
  if (path === "/reset-password") return ResetPasswordScreen;
  if (path === "/verify-email") return VerifyEmailScreen;
  if (isSignedIn) return Home;
  if (path === "/sign-up") return SignUp;
  return path === "/forgot-password" ? ForgotPassword : SignIn;
}

function Head({ openAccount, help }: { openAccount: () => void; help: () => void }) {
  const { t } = useWords();
  const { ask } = usePage();
  const signOut = useSignOut();
  const user = useStore(({ session }) => session.user);
  const connection = useStore((state) => state.connection.state);

  /** Mails are to speak it too; the page does in any case. */
  function tellLanguage(chosen: Language): void {
    if (user) void ask(UpdateProfile, { input: { locale: LANGUAGES[chosen].locale } });
  }

  return (
    <header class="head">
      <a class="logo" href="/">
        FIAP X
      </a>
      {user && (
        <span class="live" data-state={connection}>
          <span class="dot" />
          {t.live[connection]}
        </span>
      )}
      <span class="space" />
      <button type="button" class="icon" aria-label={t.shortcuts} aria-keyshortcuts="?" onClick={help}>?</button>
      <ThemeSelect />
      <LanguageSelect onChosen={tellLanguage} />
      {user && (
        <>
          <button type="button" class="link who" aria-label={t.actionOn(t.account, user.name)} onClick={openAccount}>
            {user.name}
          </button>
          <button type="button" onClick={() => signOut()}>{t.signOut}</button>
        </>
      )}
    </header>
  );
}

/** The session is over: the page stays as it is, below, and goes on afterwards. */
function SignInAgain() {
  const { store } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const show = (): void => dialog.current?.showModal();
  useEffect(show, []);
  // A browser that does not know closedby lets the dialog be closed, but not for long.
  return (
    <dialog ref={dialog} aria-label={useWords().t.signIn} closedby="none" onClose={() => store.state.peek().session.isExpired && show()}>
      <SignIn again />
    </dialog>
  );
}
