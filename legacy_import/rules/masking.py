"""One mask everywhere (DESIGN §7). It lives with the normalizers, where crm and trainings reach it."""

from ecoin.identity.masking import mask_email, mask_key, mask_phone, mask_text

__all__ = ["mask_email", "mask_key", "mask_phone", "mask_text"]
