"""Texts of the page for whoever runs a shop's server: who we are, and how to let us in."""

from typing import Final

LET_US_IN: Final = {
    "let.title": ("Let us in", "접속 허용 방법"),
    "let.text": (
        (
            "This page is for whoever runs the server of a shop. Our program fetches the pictures of the shop's products, so that they are "
            "stored and shown elsewhere. Show them this page if we are refused."
        ),
        (
            "상점 서버를 관리하는 분을 위한 페이지입니다. 저희 프로그램은 상점의 상품 이미지를 가져와 저장하고 보여 줍니다. "
            "접속이 거부될 때 서버 담당자에게 이 페이지를 전해 주세요."
        ),
    ),
    "let.who": ("How to know us", "저희를 알아보는 방법"),
    "let.agent": ("User agent", "사용자 에이전트"),
    "let.addresses": ("Addresses that we come from", "저희가 접속하는 IP 주소"),
    "let.no_addresses": (
        "They are not fixed. Allow us by the user agent.",
        "고정되어 있지 않습니다. 사용자 에이전트로 허용해 주세요.",
    ),
    "let.both": (
        "Anybody can send our user agent. If your server can, allow it together with the addresses.",
        "사용자 에이전트는 누구나 흉내 낼 수 있습니다. 가능하면 IP 주소와 함께 허용해 주세요.",
    ),
    "let.does": ("What we do", "저희가 하는 일"),
    "let.does.get": (
        "We fetch only the addresses of pictures that the shop named, and follow up to three redirects.",
        "상점이 알려 준 이미지 주소만 열고, 리디렉션은 세 번까지 따라갑니다.",
    ),
    "let.does.pace": (
        "The slower your server answers, the fewer fetches run at once. To 429 and 503 with Retry-After we come back later.",
        "서버 응답이 느릴수록 동시에 접속하는 수를 줄입니다. 429나 503과 Retry-After로 답하면 나중에 다시 옵니다.",
    ),
    "let.does.robots": (
        "We open no pages and build no search index, so robots.txt does not apply to us: a rule there neither stops us nor lets us in.",
        "웹페이지를 열거나 검색 색인을 만들지 않으므로 robots.txt는 적용되지 않습니다. 그곳의 규칙은 저희를 막지도 허용하지도 않습니다.",
    ),
    "let.does.plain": (
        "We send no Referer and no cookies, ask for nothing compressed, and accept JPEG, PNG, GIF, WebP and AVIF.",
        "Referer와 쿠키를 보내지 않고 압축을 요청하지 않으며, JPEG, PNG, GIF, WebP, AVIF를 받습니다.",
    ),
    "let.how": ("How to let us in", "허용하는 방법"),
    "let.cloudflare": (
        (
            "Security, WAF, Custom rules: create a rule with this expression and the action Skip (remaining custom rules, rate limiting, "
            "managed rules, Super Bot Fight Mode). Place it first. Switch Scrape Shield's Hotlink Protection off for these pictures."
        ),
        (
            "Security의 WAF에서 Custom rules에 아래 조건의 규칙을 만들고 동작을 Skip(나머지 사용자 규칙, 속도 제한, 관리형 규칙, "
            "Super Bot Fight Mode)으로 지정해 맨 위에 두세요. Scrape Shield의 Hotlink Protection은 이 이미지에 대해 끄세요."
        ),
    ),
    "let.waf": ("Another firewall or bot filter", "다른 방화벽이나 봇 차단 서비스"),
    "let.waf.text": (
        (
            "Allow GET requests with our user agent, or from our addresses, to the folder of the pictures. Challenges (script, captcha) "
            "must be off for them: no program can solve one."
        ),
        (
            "이미지 폴더에 대한 GET 요청을 사용자 에이전트나 IP 주소로 허용해 주세요. 자바스크립트나 캡차 확인은 꺼야 합니다. "
            "프로그램은 이를 통과할 수 없습니다."
        ),
    ),
    "let.hotlink": ("Hotlink protection", "이미지 무단 링크 방지"),
    "let.hotlink.text": (
        "It refuses requests from other sites by their Referer. We send none: allow requests without one; browsers send them too.",
        "다른 사이트에서 온 요청을 Referer로 막는 기능입니다. 저희는 Referer를 보내지 않으니 Referer가 없는 요청을 허용해 주세요.",
    ),
    "let.nginx.text": (
        "Where the pictures are protected by valid_referers, name `none`. Where user agents are refused, let ours pass:",
        "valid_referers로 보호한다면 `none`을 추가하고, 사용자 에이전트를 막고 있다면 저희 것을 허용해 주세요.",
    ),
    "let.apache.text": (
        "In .htaccess, above the rules that refuse hotlinks or bots:",
        ".htaccess에서 무단 링크나 봇을 막는 규칙 위에 넣어 주세요.",
    ),
    "let.check": (
        "Then test the address of a picture on the page of the shop, or with this command; the answer must be 200 and a picture:",
        "설정한 뒤 상점 페이지에서 이미지 주소를 시험하거나 아래 명령으로 확인해 주세요. 200과 이미지가 나와야 합니다.",
    ),
    "let.contact": ("Questions go to {address}.", "문의: {address}"),
}
