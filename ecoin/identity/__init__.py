"""The platform's normalizers: text, phones, e-mails, names, dates and the keys computed from them.

Pure functions of their arguments: no models, no queries, no settings, no clock. None of them raises
on any string whatever, lone surrogates and NUL characters included.
"""
