"""One mask everywhere. It lives with the normalizers, where crm and trainings reach it too
(docs/decisions/0028).
"""

from ecoin.identity.masking import mask_email, mask_key, mask_phone, mask_text

__all__ = ["mask_email", "mask_key", "mask_phone", "mask_text"]
