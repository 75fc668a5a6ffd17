// Who is signed in.

import type { Granted, Kept, User } from "../api/viewer.ts";

export interface Session {
  /** Null for nobody. */
  readonly user: User | null;
  /** The session of `user` is over: what is on the page stays, until they have signed in again. */
  readonly isExpired: boolean;
  readonly token: string | null;
  /** When the token is over, by this machine's clock in milliseconds. */
  readonly expiresAt: number;
}

/** A token is not used for its last half minute, so that no long upload begins with one that expires meanwhile. */
const MARGIN = 30_000;

/** A page that has nothing to lose takes nobody for signed in whose session is over. */
export function sessionOf(kept: Kept | null): Session {
  return { user: kept?.refreshToken ? kept.user : null, isExpired: false, token: null, expiresAt: 0 };
}

export function granted(_: Session, { user, accessToken: token, expiresAt }: Granted, now: number): Session {
  // Where this machine's clock is ahead of the service's, a new token must not look old.
  return { user, isExpired: false, token, expiresAt: Math.max(Date.parse(expiresAt), now + 2 * MARGIN) };
}

export const expired = (session: Session): Session => ({ ...session, isExpired: session.user !== null, token: null });

export const refused = (session: Session, token: string | null): Session =>
  token === session.token ? { ...session, token: null } : session;

/** An address was confirmed, perhaps of another account than the one that is here. */
export const verified = (session: Session, email: string): Session =>
  session.user?.email === email ? { ...session, user: { ...session.user, emailVerified: true } } : session;

/** The account that is here has another name or address. */
export const renamed = (session: Session, user: User): Session => (session.user?.id === user.id ? { ...session, user } : session);

/** Another tab wrote down a session, or none. */
export function keptElsewhere(session: Session, kept: Kept | null): Session {
  if (!session.user || kept?.user.id !== session.user.id) return sessionOf(kept);
  return kept.refreshToken ? { ...session, user: kept.user, isExpired: false } : expired(session);
}

/** The token, where it is good for a while. */
export const goodToken = ({ token, expiresAt }: Session, now: number): string | null => (now < expiresAt - MARGIN ? token : null);

/** Whether a request would fail for want of a token that could be had. */
export const needsToken = (session: Session, now: number): boolean =>
  session.user !== null && !session.isExpired && !goodToken(session, now);
