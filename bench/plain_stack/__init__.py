"""The plain stack: the same domain as projects usually write it on stock arq, to meet the same faults as ours.

An upload goes to S3, a row is committed, a job is enqueued; the job sets Processing, runs ffmpeg, zips, uploads and
sets Completed. What a careful engineer does with stock arq is done: the job's id is the video's, so that nothing is
queued twice; an upload that is repeated with its key is the same video, and is enqueued again; a job looks at the row
before it begins and changes only a row that is still as it left it; what is not the film's fault is tried again, later
each time, and fails with a reason after the last try; jobs have a time limit; connections are tried before they are
used. What is not there is what needs more than a queue and a row: leases, fencing, a sweep, an outbox, housekeeping.

It uses our tables, and writes our status log with each change of a status, so that both can be held against the same
promises.
"""

from typing import Final

JOB_TIMEOUT_SECONDS: Final = 120
"""arq's own are five minutes; those of a campaign are shortened as its leases are, to two fifths."""
