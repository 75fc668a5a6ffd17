"""What the commands do, each with a client of its own; all return an exit code."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from app.option_words import option_of
from app.remote import shown
from app.remote.connection import connected
from app.remote.failures import WRONG_USE, CannotGoOn
from app.remote.films import films_of, named, refuse_clashes, refuse_to_replace, result_of
from app.remote.journal import Journal
from app.remote.shown import Change, Teller, say, say_table
from app.remote.transfers import Item, Step, Transfers
from fiapx_client import AsyncFiapX, Batch, ExtractionOptions, ProcessingStatus, Refused, Scope, codes


@dataclass(frozen=True, slots=True)
class Upload:
    """What is to be sent, and what is to come of it."""

    words: Sequence[str]
    recursive: bool
    watch: bool
    folder: Path | None
    overwrite: bool
    options: ExtractionOptions
    batch: str | None
    """The name of the one that they join; it is made where there is none."""


@dataclass(frozen=True, slots=True)
class _Result:
    """Where a film's frames go, and whether a former run has put them there."""

    path: Path
    is_there: bool


async def upload(url: str | None, wanted: Upload, *, quiet: bool, as_json: bool) -> int:
    """Send films, and with ``watch`` follow them to the end, and with ``folder`` fetch their frames."""
    paths = named(wanted.words)
    async with connected(url) as fiapx:
        endings = await fiapx.endings() if any(path.is_dir() for path in paths) else ()
        films = films_of(paths, endings, recursive=wanted.recursive)
        what = [str(film.absolute()) for film in films]
        journal = Journal.of(os.environ, fiapx.url, what, {**wanted.options, **_named_batch(wanted)})
        results = _results(wanted, films, journal)
        with Teller("upload", quiet, as_json) as teller:
            transfers = Transfers(fiapx, teller)
            batch = None if wanted.batch is None else (await fiapx.create_batch(wanted.batch)).id
            steps = {
                Item(str(film), str(film)): partial(_sent, transfers, film, result, wanted, journal, batch)
                for film, result in zip(films, results, strict=True)
            }
            return await _each(transfers, steps, journal, "stopped; the same command goes on where it was.")


def _results(wanted: Upload, films: Sequence[Path], journal: Journal) -> Sequence[_Result | None]:
    """Return where the frames go; what a former run of this command has fetched is left as it is."""
    if wanted.folder is None:
        return [None] * len(films)
    paths = [wanted.folder / result_of(film.name, "film") for film in films]
    results = [
        _Result(path, journal.has_fetched(film) and path.exists()) for film, path in zip(films, paths, strict=True)
    ]
    refuse_clashes(paths, overwrite=wanted.overwrite, but=[one.path for one in results if one.is_there])
    return results


def _named_batch(wanted: Upload) -> Mapping[str, str]:
    """Return what tells a command that fills a batch from one that does not."""
    return {} if wanted.batch is None else {"batch": wanted.batch}


async def _sent(
    transfers: Transfers, film: Path, result: _Result | None, wanted: Upload, journal: Journal, batch: str | None
) -> Change:
    try:
        last = await transfers.send(film, wanted.options, journal, batch)
    except Refused as refused:
        raise _by_option(refused) from None
    if not wanted.watch or last.id is None:
        return last
    transfers.teller.moved(last)
    item = Item(str(film), str(film))
    last = await transfers.follow(last.id, item)
    if result is None or last.id is None:
        return last
    transfers.teller.moved(last)
    if result.is_there:
        before = str(result.path)
        return item.change("downloaded before", id=last.id, percent=100, result=before, detail=before)
    last = await transfers.fetch(last.id, item, result.path)
    journal.fetched(film)
    return last


@dataclass(frozen=True, slots=True)
class Import:
    """What is to be fetched by the service, and what is to come of it."""

    links: Sequence[str]
    name: str | None
    watch: bool
    folder: Path | None
    overwrite: bool
    options: ExtractionOptions


async def import_videos(url: str | None, wanted: Import, *, quiet: bool, as_json: bool) -> int:
    """Have films fetched from links, and follow that; then go on with what came as ``upload`` does."""
    links = list(dict.fromkeys(wanted.links))
    if wanted.name is not None and len(links) > 1:
        raise CannotGoOn(f"{wanted.name} cannot be the name of {len(links)} films.", WRONG_USE)
    async with connected(url) as fiapx:
        journal = Journal.of(os.environ, fiapx.url, links, {**wanted.options, "": wanted.name})
        with Teller("import", quiet, as_json) as teller:
            transfers = Transfers(fiapx, teller)
            steps: dict[Item, Step] = {
                # What follows the question mark may be a key, and is for nobody's log.
                Item(link.partition("?")[0], link): partial(_brought, transfers, link, wanted, journal)
                for link in links
            }
            stopped = "stopped; the service goes on, and the same command follows it again."
            return await _each(transfers, steps, journal, stopped)


async def _each(transfers: Transfers, steps: Mapping[Item, Step], journal: Journal, stopped: str) -> int:
    """Carry them out, and forget the journal where all was done; ``stopped`` is what is said where Ctrl-C ends it."""
    try:
        code = await transfers.each(steps)
    except asyncio.CancelledError:
        transfers.teller.complain(stopped)
        raise
    if code == 0:
        journal.done()
    return code


async def _brought(transfers: Transfers, link: str, wanted: Import, journal: Journal) -> Change:
    item = Item(link.partition("?")[0], link)
    try:
        last = await transfers.bring(link, item, wanted.name, wanted.options, journal)
    except Refused as refused:
        raise _by_option(refused) from None
    if not wanted.watch or last.id is None:
        return last
    transfers.teller.moved(last)
    last = await transfers.follow(last.id, item)
    if wanted.folder is None or last.id is None:
        return last
    transfers.teller.moved(last)
    return await transfers.fetch_into(last.id, wanted.folder, overwrite=wanted.overwrite, item=item)


def _by_option(refused: Refused) -> Refused:
    """Name the option that is wrong as it is called here."""
    if "options" not in refused.field:
        return refused
    sentence = f"{option_of(refused.field[-1])}: {refused.message}"
    return Refused(refused.code, sentence, retry_after_seconds=refused.retry_after_seconds, field=refused.field)


async def watch(url: str | None, ids: Sequence[str], *, quiet: bool, as_json: bool) -> int:
    """Follow videos to their end."""
    async with connected(url) as fiapx:
        with Teller("watch", quiet, as_json) as teller:
            transfers = Transfers(fiapx, teller)
            return await transfers.each(
                {Item(id_, id=id_): partial(transfers.follow, id_, Item(id_, id=id_)) for id_ in ids}
            )


async def list_videos(url: str | None, status: Sequence[ProcessingStatus], *, as_json: bool) -> int:
    """List videos, the newest first."""
    async with connected(url) as fiapx:
        videos = fiapx.videos(status=status or None)
        if as_json:
            async for video in videos:
                say(json.dumps(shown.video_document(video)))
        else:
            say_table(shown.VIDEO_HEAD, [shown.video_row(video) async for video in videos])
    return 0


async def download(
    url: str | None,
    ids: Sequence[str],
    frames: str | None,
    out: Path | None,
    *,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Fetch the frames of videos: all, or those of these places."""
    packed = out is not None and out.suffix.lower() == ".zip"
    if out is not None and packed and len(ids) > 1:
        raise CannotGoOn(f"{out} cannot be the ZIP of {len(ids)} videos: name a folder for them.", WRONG_USE)
    async with connected(url) as fiapx:
        with Teller("download", quiet, as_json) as teller:
            transfers = Transfers(fiapx, teller)
            steps: dict[Item, Step]
            if out is not None and packed:
                refuse_to_replace(out, overwrite=overwrite)
                item = Item(ids[0], id=ids[0])
                steps = {item: partial(transfers.fetch, ids[0], item, out, frames)}
            else:
                into = out or Path()
                into_it = partial(transfers.fetch_into, folder=into, overwrite=overwrite, frames=frames)
                steps = {Item(id_, id=id_): partial(into_it, id_) for id_ in ids}
            return await transfers.each(steps)


async def download_batch(
    url: str | None, named: str, out: Path | None, *, overwrite: bool, quiet: bool, as_json: bool
) -> int:
    """Fetch the frames of a batch, by its name or its id, as one ZIP."""
    async with connected(url) as fiapx:
        batch = await _batch_of(fiapx, named)
        packed = out is not None and out.suffix.lower() == ".zip"
        to = out if out is not None and packed else (out or Path()) / result_of(f"{batch.name}.", batch.id)
        refuse_to_replace(to, overwrite=overwrite)
        with Teller("download", quiet, as_json) as teller:
            transfers, item = Transfers(fiapx, teller), Item(batch.name, id=batch.id)
            return await transfers.each({item: partial(transfers.fetch_batch, batch, item, to)})


async def _batch_of(fiapx: AsyncFiapX, named: str) -> Batch:
    async with aclosing(fiapx.batches()) as batches:
        async for batch in batches:
            if named in {batch.id, batch.name}:
                return batch
    raise Refused(codes.BATCH_NOT_FOUND, f"You have no batch {named}.")


async def delete(url: str | None, ids: Sequence[str], *, quiet: bool, as_json: bool) -> int:
    """Remove videos with their files."""
    async with connected(url) as fiapx:
        with Teller("delete", quiet, as_json) as teller:
            transfers = Transfers(fiapx, teller)
            return await transfers.each({Item(id_, id=id_): partial(transfers.remove, id_) for id_ in ids})


async def list_keys(url: str | None, *, as_json: bool) -> int:
    """List keys for programs, the oldest first."""
    async with connected(url) as fiapx:
        keys = await fiapx.keys()
    if as_json:
        for key in keys:
            say(json.dumps(shown.key_document(key)))
    else:
        say_table(shown.KEY_HEAD, [shown.key_row(key) for key in keys])
    return 0


async def create_key(
    url: str | None, name: str, scopes: Sequence[Scope], expires: datetime | None, *, as_json: bool
) -> int:
    """Make a key for programs, and print it."""
    async with connected(url) as fiapx:
        made = await fiapx.create_key(name, scopes, expires_at=expires and expires.astimezone())
    say(json.dumps({**shown.key_document(made.key), "secret": made.secret}) if as_json else made.secret)
    return 0


async def revoke_keys(url: str | None, ids: Sequence[str]) -> int:
    """End keys at once."""
    async with connected(url) as fiapx:
        with Teller("keys") as teller:
            transfers = Transfers(fiapx, teller)
            return await transfers.each({Item(id_, id=id_): partial(transfers.revoke, id_) for id_ in ids})
