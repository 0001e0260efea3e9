"""Reading one file of a volume as Windows keeps it at an instant: a shadow copy, made and deleted for that.

The instant may lie in the middle of what belongs together: who needs a file that is whole compares two (`file_in_use`).

Whoever reads asks a process of its own (`maker`), which makes one shadow, holds it for as long as its standard input is
open, and deletes it then: so the shadow goes even when who reads is killed, or gave up waiting before it was made. What
was made is noted before it is used, where no other account may write (`records`): of a maker that ended before its
shadow, by a kill or with the PC, the next one deletes it. Nothing that is not noted there is ever deleted. One that was
being made when the PC went out, or after Windows said nothing for minutes, is not noted: it stays until Windows needs
its room.
"""
