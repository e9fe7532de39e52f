"""What a shop's people read of each failure that they can mend: what is wrong, and what to do. The platform's own have no text here."""

from typing import Final

_CHECK: Final = (
    "Check your server, then have the pictures tried again.",
    "서버를 확인한 뒤 이미지를 다시 시도해 주세요.",
)
_SMALLER: Final = ("Export the picture smaller and upload it again.", "이미지를 더 작게 저장해 다시 올려 주세요.")
_UPLOAD: Final = ("Upload the picture again.", "이미지를 다시 올려 주세요.")
_LET_IN: Final = (
    "Let our program in (see 'Let us in'), then have the pictures tried again.",
    "저희 프로그램의 접속을 허용한 뒤('접속 허용 방법' 참고) 다시 시도해 주세요.",
)
_ADDRESS: Final = ("Correct the address in your catalogue and send it again.", "카탈로그의 주소를 고쳐서 다시 보내 주세요.")

_Words = tuple[str, str]
_CODES: Final[dict[str, tuple[_Words, _Words]]] = {
    "source_refused": (("Your server refuses the download.", "서버가 다운로드를 거부합니다."), _LET_IN),
    "source_unauthorized": (
        ("Your server asks for a login.", "서버가 로그인을 요구합니다."),
        ("Publish the picture at an address without a login.", "로그인 없이 열리는 주소에 이미지를 공개해 주세요."),
    ),
    "source_forbidden": (("Your server forbids us the download.", "서버가 저희의 다운로드를 막고 있습니다."), _LET_IN),
    "source_not_found": (
        ("There is no picture at this address.", "이 주소에 이미지가 없습니다."),
        ("Correct the address, or upload the picture again.", "주소를 고치거나 이미지를 다시 올려 주세요."),
    ),
    "source_gone": (("Your server says that the picture is gone for good.", "서버가 이미지를 완전히 삭제했다고 답합니다."), _ADDRESS),
    "source_blocked_by_law": (
        ("The picture is withheld for legal reasons.", "법적인 이유로 이미지를 내려받을 수 없습니다."),
        ("Use another picture.", "다른 이미지를 사용해 주세요."),
    ),
    "source_busy": (("Your server asks us to come back later.", "서버가 나중에 다시 오라고 답합니다."), _CHECK),
    "source_error": (("Your server answers with an error.", "서버가 오류로 응답합니다."), _CHECK),
    "source_timeout": (("Your server does not answer in time.", "서버가 제때 응답하지 않습니다."), _CHECK),
    "source_too_slow": (
        ("Your server sends less than 10 kB a second.", "서버의 전송 속도가 초당 10 kB보다 느립니다."),
        ("Use a faster server, or smaller files.", "더 빠른 서버를 쓰거나 파일을 줄여 주세요."),
    ),
    "source_unknown_host": (("The name of the server is not known.", "서버 이름을 찾을 수 없습니다."), _ADDRESS),
    "source_unreachable": (
        ("No connection to your server.", "서버에 연결할 수 없습니다."),
        (
            "Check that it is up and lets us in, then have the pictures tried again.",
            "서버가 켜져 있고 저희 접속을 허용하는지 확인한 뒤 다시 시도해 주세요.",
        ),
    ),
    "source_tls": (
        ("No secure connection to your server.", "서버와 보안 연결을 맺을 수 없습니다."),
        (
            "Check that its https works with a browser of today, then have the pictures tried again.",
            "최신 브라우저에서 https가 열리는지 확인한 뒤 다시 시도해 주세요.",
        ),
    ),
    "source_reset": (("Your server broke off the transfer.", "서버가 전송을 중간에 끊었습니다."), _CHECK),
    "source_short": (("Your server sent less than it announced.", "서버가 알린 것보다 적게 보냈습니다."), _CHECK),
    "bad_address": (("The address is not one that can be opened.", "열 수 없는 주소입니다."), _ADDRESS),
    "address_refused": (
        ("The server is not on the public internet.", "인터넷에 공개되지 않은 서버입니다."),
        ("Publish the picture on a public server.", "공개된 서버에 이미지를 올려 주세요."),
    ),
    "port_refused": (
        ("The address names a port that we do not open.", "저희가 열지 않는 포트가 주소에 있습니다."),
        ("Use an address without a port number.", "포트 번호가 없는 주소를 사용해 주세요."),
    ),
    "bad_certificate": (
        ("The certificate of your server is not valid for its name.", "서버 인증서가 서버 이름과 맞지 않거나 만료되었습니다."),
        ("Renew it, then have the pictures tried again.", "인증서를 갱신한 뒤 다시 시도해 주세요."),
    ),
    "too_many_redirects": (
        ("The address leads from one to the next without an end.", "주소가 끝없이 다른 주소로 이어집니다."),
        ("Give the address at the end.", "마지막 주소를 입력해 주세요."),
    ),
    "too_large": (("The file is larger than we store.", "파일이 저장할 수 있는 크기보다 큽니다."), _SMALLER),
    "content_encoded": (
        ("Your server compresses the file on its way.", "서버가 파일을 압축해서 보냅니다."),
        ("Switch compression off for pictures, then have them tried again.", "이미지 압축 전송을 끄고 다시 시도해 주세요."),
    ),
    "empty": (("The file is empty.", "파일이 비어 있습니다."), _UPLOAD),
    "not_an_image": (
        ("What your server sends is not a picture.", "서버가 보낸 것이 이미지가 아닙니다."),
        ("Check that the address opens a picture, not a page.", "주소를 열면 웹페이지가 아니라 이미지가 나오는지 확인해 주세요."),
    ),
    "format_not_supported": (
        ("The format is not one of JPEG, PNG, GIF, WebP and AVIF.", "JPEG, PNG, GIF, WebP, AVIF 형식이 아닙니다."),
        ("Convert the picture and upload it again.", "이미지를 변환해 다시 올려 주세요."),
    ),
    "format_heic": (
        ("It is a HEIC file, as phones make them; browsers do not show it.", "휴대전화의 HEIC 파일이어서 브라우저에 표시되지 않습니다."),
        ("Save it as JPEG and upload it again.", "JPEG로 저장해 다시 올려 주세요."),
    ),
    "format_svg": (
        ("It is an SVG drawing, which we do not store.", "SVG 그림은 저장하지 않습니다."),
        ("Export it as PNG or WebP and upload it again.", "PNG나 WebP로 저장해 다시 올려 주세요."),
    ),
    "truncated": (("The picture ends in the middle.", "이미지 파일이 중간에서 끝납니다."), _UPLOAD),
    "image_broken": (
        ("The picture is damaged inside.", "이미지 파일이 손상되었습니다."),
        ("Open it in an image program, export it again and upload it.", "이미지 프로그램에서 열어 다시 저장한 뒤 올려 주세요."),
    ),
    "too_many_pixels": (("The picture has over 40 million pixels.", "이미지가 4천만 화소를 넘습니다."), _SMALLER),
    "side_too_long": (("The picture is wider or higher than 16,384 pixels.", "이미지의 가로나 세로가 16,384픽셀을 넘습니다."), _SMALLER),
    "too_many_frames": (
        ("The animation has over 100 frames.", "움직이는 이미지가 100프레임을 넘습니다."),
        ("Shorten it, or use a still picture.", "프레임을 줄이거나 정지 이미지를 사용해 주세요."),
    ),
    "check_crashed": (
        ("The picture cannot be opened with reasonable means.", "이미지를 열 수 없습니다."),
        ("Export it again, or smaller, and upload it.", "다시 저장하거나 더 작게 저장해 올려 주세요."),
    ),
    "host_down": (("Your server did not answer for over a day.", "서버가 하루 넘게 응답하지 않았습니다."), _CHECK),
    "source_blocked": (("Your server refused us for over a day.", "서버가 하루 넘게 저희 접속을 거부했습니다."), _LET_IN),
}
CODES: Final[dict[str, _Words]] = {
    **{f"code.{code}": reason for code, (reason, _) in _CODES.items()},
    **{f"code.{code}.do": step for code, (_, step) in _CODES.items()},
}
