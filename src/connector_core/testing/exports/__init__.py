"""Writers of the synthetic practice in vendors' reference layouts, and in the pivot format.

Nobody on the project has seen a real export of these products. Every layout here is invented: plausible titles in
French, value forms and joins such as practice software is known to use. They exist so that dialects, calibration and
the whole chain can be tried on files that were not written by the code that reads them.
"""
