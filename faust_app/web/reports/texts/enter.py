"""Texts of the way in: the link, and why it opens nothing."""

from typing import Final

ENTER: Final = {
    "enter.title": ("Your pictures", "상점 이미지"),
    "enter.text": (
        "The pages of your shop open in a moment. If they do not, use the button.",
        "곧 상점 페이지가 열립니다. 열리지 않으면 버튼을 누르세요.",
    ),
    "enter.button": ("Open the pages", "페이지 열기"),
    "enter.again": (
        "Open the pages from the administration of your shop again: it makes a new link each time.",
        "상점 관리자 화면에서 페이지를 다시 여세요. 열 때마다 새 링크가 만들어집니다.",
    ),
    "enter.invalid": ("This link opens nothing", "이 링크로는 열 수 없습니다"),
    "enter.invalid.text": (
        "It is not a link of this platform, or it was changed on its way.",
        "이 플랫폼의 링크가 아니거나 전달되는 동안 바뀌었습니다.",
    ),
    "enter.expired": ("This link has ended", "링크의 유효 시간이 지났습니다"),
    "enter.expired.text": ("A link works for five minutes.", "링크는 5분 동안만 쓸 수 있습니다."),
    "enter.too_long": ("This link would last too long", "링크의 유효 시간이 너무 깁니다"),
    "enter.too_long.text": (
        "A link may end five minutes after it was made at the latest. The people of your platform have to correct it.",
        "링크는 만든 뒤 5분 안에 끝나야 합니다. 플랫폼 담당자가 고쳐야 합니다.",
    ),
    "enter.used": ("This link was used already", "이미 사용한 링크입니다"),
    "enter.used.text": ("Each link works once.", "링크는 한 번만 쓸 수 있습니다."),
    "enter.leave": ("Log out", "로그아웃"),
    "enter.left": ("You are logged out", "로그아웃되었습니다"),
    "enter.left.text": (
        "Nobody can open your pages here until they are opened from your shop.",
        "상점에서 다시 열기 전에는 아무도 이 페이지를 볼 수 없습니다.",
    ),
}
