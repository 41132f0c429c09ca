"""What a folder is for, read from its name: what mail programs call the sent, junk, trash, drafts and archive folders.

Only where nothing else tells (SPECIAL-USE of RFC 6154 does): these are the names that Outlook, Exchange, Apple Mail,
Thunderbird, Gmail, Dovecot and the webmails give them, in the languages that they are most often set to.
"""

from __future__ import annotations

import unicodedata

from ndrfilter.sweep.nouns import ALL, ARCHIVE, DRAFTS, INBOX, JUNK, SENT, TRASH

_NAMES = {
    INBOX: "inbox",
    SENT: """sent, sent items, sent messages, sent mail, sent-mail, sentbox, sentmail,
        gesendet, gesendete, gesendete objekte, gesendete elemente, gesendete nachrichten, gesendete mails,
        envoyés, envoyé, messages envoyés, éléments envoyés, courrier envoyé, objets envoyés,
        enviados, enviado, elementos enviados, mensajes enviados, correo enviado, itens enviados, mensagens enviadas,
        enviadas, e-mails enviados, inviati, posta inviata, messaggi inviati, elementi inviati,
        verzonden, verzonden items, verzonden berichten, wysłane, elementy wysłane, wysłane wiadomości,
        odeslané, odeslaná pošta, odoslané, elküldött, elküldött elemek, skickat, skickade objekt, skickade,
        sendt, sendte elementer, sendt post, sendt mail, sendte, lähetetyt, lähetetyt viestit, отправленные,
        надіслані, відправлені, εσταλμένα, απεσταλμένα, gönderilmiş öğeler, gönderilmiş, gönderilenler,
        trimise, elemente trimise, trimiteri, enviats, 送信済み, 送信済みアイテム, 送信済みメール, 送信済みメッセージ,
        已发送, 已发送邮件, 已发邮件, 寄件備份, 已傳送, 보낸 편지함, 보낸편지함, 보낸 메일함, 보낸메일함,
        נשלח, דואר שנשלח, المرسلة, العناصر المرسلة, البريد المرسل""",
    JUNK: """junk, junk e-mail, junk email, junk mail, junkmail, spam, bulk, bulk mail, spamverdacht,
        junk-e-mail, spam-verdacht, unerwünscht, unerwünschte werbung,
        indésirables, courrier indésirable, pourriel, pourriels, courriels indésirables, spams,
        correo no deseado, no deseado, correo basura, lixo eletrônico, lixo electrónico,
        posta indesiderata, indesiderata, ongewenste e-mail, ongewenste reclame, wiadomości-śmieci, nevyžádaná pošta,
        levélszemét, skräppost, skräp, søppelpost, uønsket e-post, uønsket mail, uønsket post, roskaposti,
        нежелательная почта, спам, ανεπιθύμητη αλληλογραφία, önemsiz, önemsiz e-posta, gereksiz,
        迷惑メール, 迷惑メッセージ, 垃圾邮件, 垃圾郵件, 정크 메일, 정크메일, 스팸 메일함, 스팸메일함, 스팸함, 스팸,
        דואר זבל, البريد غير الهام, البريد العشوائي""",
    TRASH: """trash, bin, deleted, deleted items, deleted messages, wastebasket, rubbish,
        papierkorb, gelöscht, gelöschte, gelöschte objekte, gelöschte elemente, gelöschte nachrichten,
        corbeille, poubelle, éléments supprimés, messages supprimés, supprimés,
        papelera, papelera de reciclaje, elementos eliminados, eliminados, borrados, lixeira, lixo, itens excluídos,
        itens eliminados, cestino, posta eliminata, eliminati, prullenbak, verwijderd, verwijderde items,
        kosz, elementy usunięte, usunięte, koš, odstraněná pošta, odstránené, lomtár, kuka, törölt elemek,
        papperskorg, papperskorgen, borttagna objekt, borttaget, papirkurv, slettede elementer, slettet post, slettet,
        roskakori, poistetut, удаленные, удалённые, корзина, кошик, видалені, κάδος, διαγραμμένα, çöp, çöp kutusu,
        silinmiş öğeler, silinmiş, coș de gunoi, elemente șterse, paperera, ごみ箱, ゴミ箱, 削除済み, 削除済みアイテム,
        削除済みメッセージ, 已删除, 已删除邮件, 垃圾箱, 废纸篓, 刪除的郵件, 垃圾桶, 已刪除, 휴지통, 지운 편지함,
        지운편지함, אשפה, פריטים שנמחקו, المهملات, العناصر المحذوفة""",
    DRAFTS: """drafts, draft, entwürfe, entwurf, brouillons, brouillon, borradores, borrador, rascunhos, rascunho,
        bozze, bozza, concepten, kopie robocze, szkice, wersje robocze, koncepty, rozpracované, piszkozatok, utkast,
        kladder, kladde, luonnokset, черновики, чернетки, πρόχειρα, taslaklar, taslak, ciorne, esborranys, 下書き,
        草稿, 草稿箱, 임시 보관함, 임시보관함, טיוטות, المسودات""",
    ARCHIVE: """archive, archives, archiv, archivio, archivo, arquivo, archief, archiwum, archív, archívum, arkiv,
        arkisto, архив, архів, αρχείο, arşiv, arhivă, arxiu, アーカイブ, 存档, 归档, 封存, 보관함,
        보관 편지함, ארכיון, الأرشيف""",
    ALL: """all mail, alle nachrichten, tous les messages, todos los mensajes, todos os e-mails,
        tutti i messaggi, すべてのメール, 所有邮件""",
}


def role_of(name: str) -> str:
    """What a folder of that name is for (`nouns.SENT` …), "" if its name does not tell.

    `name` is as people know it, without what stands around it at an Internet provider (`INBOX.`, `[Gmail]/`): a folder
    counts by its last part, but only at the top or directly below the inbox: a person's own `Clients/Sent` is not where
    a mail program saves.
    """
    parts = [part for part in _plain(name).replace(".", "/").split("/") if part]
    if len(parts) > 1 and (parts[0] == INBOX or parts[0] in _SURROUNDINGS):
        parts = parts[1:]
    return _ROLES.get(parts[0], "") if len(parts) == 1 else ""


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


_SURROUNDINGS = frozenset(("[gmail]", "[google mail]", "local folders", "mail"))
_ROLES = {_plain(name): role for role, names in _NAMES.items() for name in names.split(",")}
