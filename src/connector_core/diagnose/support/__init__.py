"""The support bundle: what a technician on the phone needs to know of an installation, in one file that a person looks
at and sends by themselves, or does not.

The promise of this package: no patient data, no secret and no key gets into a bundle. What goes in is named piece by
piece (counts, states, our own sentences, forms), nothing is copied; all of it passes through `redaction`, and whatever
names a person of the store is left out at the very end, and said to be.
"""
