"""Names of folders in the languages of mail programs."""

import unicodedata

import pytest

from ndrfilter.sweep.roles import role_of


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("INBOX", "inbox"),
        ("Inbox", "inbox"),
        ("Sent", "sent"),
        ("INBOX.Sent", "sent"),
        ("INBOX/Sent Messages", "sent"),
        ("[Gmail]/Sent Mail", "sent"),
        ("[Gmail]/All Mail", "all"),
        ("Gesendete Objekte", "sent"),
        ("Éléments envoyés", "sent"),
        (unicodedata.normalize("NFD", "ENVOYÉS"), "sent"),
        ("Enviados", "sent"),
        ("Sent_Items", "sent"),
        ("送信済みメール", "sent"),
        ("Junk E-mail", "junk"),
        ("迷惑メール", "junk"),
        ("Papierkorb", "trash"),
        ("ゴミ箱", "trash"),
        ("Entwürfe", "drafts"),
        ("Borradores", "drafts"),
        ("Archiv", "archive"),
        ("Archive/2025", ""),
        ("Clients/Sent", ""),
        ("Sentinel", ""),
        ("INBOX.Clients.Sent", ""),
        ("", ""),
        ("/", ""),
        ("\udcff", ""),
    ],
)
def test_the_name_of_a_folder_tells_what_it_is_for(name, role):
    assert role_of(name) == role
