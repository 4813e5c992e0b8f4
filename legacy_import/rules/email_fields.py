"""The e-mail of a staged row: read at import, and again after a list of the settings changed. Pure."""

from ecoin.identity.emails import Email, parse_email
from ecoin.identity.text import unescaped

EMAIL_ISSUES = frozenset(
    {"email_missing", "email_invalid", "email_placeholder", "email_role_mailbox", "email_typo"}
)
# The beginnings of the issues that `normalize_learner` notes after those of the e-mail.
AFTER_EMAIL = ("column_cut:", "formation_id_", "session_id_")


def as_read(text: str) -> str:
    """A field as it is read: HTML entities decoded once, the padding of BINARY columns dropped."""
    return unescaped(text.rstrip("\x00")) if "&" in text or "\x00" in text else text


def parse_email_field(
    text: str, *, placeholders: frozenset[str], role_mailboxes: frozenset[str]
) -> Email:
    """The e-mail of a row from its text as found."""
    return parse_email(as_read(text), placeholders=placeholders, role_mailboxes=role_mailboxes)


def replace_email_issues(issues: tuple[str, ...], email: Email) -> tuple[str, ...]:
    """The issues of a row whose e-mail is read again, in the order in which an import notes them."""
    others = [issue for issue in issues if issue not in EMAIL_ISSUES]
    noted_later = (n for n, issue in enumerate(others) if issue.startswith(AFTER_EMAIL))
    place = next(noted_later, len(others))
    return (*others[:place], *email_issues(email), *others[place:])


def email_issues(email: Email) -> list[str]:
    """What is noted of an e-mail, in order."""
    problem = [f"email_{email.problem}"] if email.problem else []
    role = ["email_role_mailbox"] if email.role_mailbox else []
    return problem + role + (["email_typo"] if email.hint else [])
