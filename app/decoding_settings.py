"""The settings of decoding: what the service's workers and ``fiapx frames`` both go by."""

from typing import Annotated, Final

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.setting_forms import PREFIX

GIB: Final = 1024**3
_YEAR: Final = 365 * 24 * 3600
"""No limit, but one that the kernel can still count in nanoseconds for each of many cores."""


class ServiceSettings(BaseSettings):
    """What all kinds of settings have in common: where they are read from."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")


class DecodingSettings(ServiceSettings):
    """What one video may cost."""

    max_duration_seconds: int = 6 * 3600
    """How long a film may be."""
    max_frames_per_video: int = 100_000
    """How many pictures one ZIP may hold."""
    max_pixels: int = 35_651_584
    """How many pixels a film's picture may have."""
    extraction_timeout_seconds: float = 6 * 3600
    """How long decoding one video may take."""
    extraction_ratio: Annotated[float, Field(gt=0)] = 10
    """The same by its length: decoding may take so many times as long as the film is, and ten minutes in any case."""
    stall_seconds: Annotated[float, Field(gt=0)] = 30
    """A decoder that neither reads nor writes anything for so long, nor works, is ended."""
    max_decoded_pixels: PositiveInt = 11_000_000_000_000
    """How many pixels may be decoded of one video: those of a picture times the pictures that must be decoded.
    Six hours of 4K at 60 pictures a second fit in."""
    extraction_memory_bytes: int = 4 * GIB
    """A decoder's address space. Where it is not set, less on a machine that has less: half of its memory, divided by
    the workers and their slots, but no less than 1 GiB."""
    ffmpeg_threads: int = 0
    """Threads of one decoder; 0 leaves it to ffmpeg."""
    worker_slots: int = 1
    """Videos that one worker processes at once."""
    workers: PositiveInt = 1
    """How many worker processes share this machine; ``fiapx up`` tells them."""


class FramesSettings(DecodingSettings):
    """What ``fiapx frames`` reads, beside what else one video may cost: its user waits for it, and can end it.

    How long a film may take then goes by the timeout alone, whatever its length.
    """

    max_duration_seconds: int = _YEAR
    """How long a film may be."""
    extraction_timeout_seconds: float = _YEAR
    """How long decoding one film may take."""
    max_decoded_pixels: PositiveInt = 2**63 - 1
    """How many pixels may be decoded of one film."""
    require_confinement: bool = False
    """A kernel without Landlock or seccomp then keeps it from decoding anything."""
