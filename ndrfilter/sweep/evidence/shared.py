"""Domains whose addresses everybody may have: what holds for one mailbox there says nothing of the others."""

from __future__ import annotations

from ndrfilter.config.published import PROVIDERS
from ndrfilter.facts.hosts import organisation
from ndrfilter.site import within

_NAMES = """
    126.com 139.com 163.com 189.cn abv.bg aim.com alice.it aliyun.com aol.com aol.de arcor.de aruba.it att.net bell.net
    bellsouth.net bigpond.com bk.ru bluewin.ch bol.com.br bt.com btinternet.com btopenworld.com cantv.net centrum.cz
    charter.net comcast.net cox.net daum.net disroot.org docomo.ne.jp duck.com earthlink.net email.com email.cz
    email.de embarqmail.com ezweb.ne.jp fastmail.com fastmail.fm foxmail.com free.fr freemail.hu freenet.de
    frontier.com gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com hanmail.net hey.com home.nl
    hotmail.be hotmail.co.uk hotmail.com hotmail.com.br hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl
    hushmail.com i.softbank.jp icloud.com ig.com.br inbox.lt inbox.lv inbox.ru interia.pl internode.on.net juno.com
    kabelmail.de kolabnow.com kpnmail.nl laposte.net libero.it list.ru live.be live.ca live.co.uk live.com live.com.au
    live.de live.fr live.it live.nl luukku.com mac.com mail.bg mail.com mail.de mail.ee mail.ru mailbox.org
    mailfence.com
    me.com msn.com mweb.co.za nate.com naver.com neuf.fr netscape.net netzero.net nifty.com ntlworld.com o2.pl online.de
    onet.eu onet.pl op.pl optonline.net optusnet.com.au orange.fr outlook.com outlook.com.br outlook.de outlook.es
    outlook.fr outlook.it outlook.jp planet.nl pm.me poczta.fm posteo.de posteo.net proton.me protonmail.ch
    protonmail.com qq.com rambler.ru rediffmail.com riseup.net rocketmail.com rogers.com runbox.com sapo.pt
    sbcglobal.net seznam.cz sfr.fr shaw.ca sina.cn sina.com sky.com skynet.be sohu.com sympatico.ca t-online.de
    talktalk.net telefonica.net telenet.be telia.com telus.net terra.com.br tin.it tiscali.co.uk tiscali.it tuta.com
    tuta.io tutamail.com tutanota.com tutanota.de ukr.net uol.com.br verizon.net videotron.ca virgilio.it
    virgin.net virginmedia.com vodafone.de volny.cz walla.co.il wanadoo.fr web.de windstream.net wp.pl xs4all.nl
    xtra.co.nz ya.ru yahoo.ca yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au
    yahoo.com.br yahoo.com.mx yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru yeah.net ymail.com
    zeelandnet.nl ziggo.nl zoho.com zohomail.com zohomail.eu
"""
_FREEMAIL = frozenset(_NAMES.split())


def everybodys(domain: str) -> bool:
    """Whether strangers have addresses in that domain (A-labels, lower case) too."""
    return domain in _FREEMAIL or organisation(domain) in _FREEMAIL


def of_provider(host: str) -> bool:
    """Whether a host with that name sends for many: one of a big provider, or of a freemail service."""
    return everybodys(host) or any(within(host, known.relays) for known in PROVIDERS)
