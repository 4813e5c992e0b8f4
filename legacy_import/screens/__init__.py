"""The screens under /admin/legacy-imports."""
