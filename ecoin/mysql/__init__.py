"""Django's MySQL backend with time limits and TLS (ENGINE `ecoin.mysql`): that of the app database."""
