"""What Django's own formats of a language lack, one package per language (FORMAT_MODULE_PATH)."""
