"""Texts of the frame: navigation, footer, and errors as pages."""

from typing import Final

FRAME: Final = {
    "frame.skip": ("Skip to the content", "본문으로 바로 가기"),
    "frame.pages": ("Pages", "페이지"),
    "frame.shop": ("Shop {shop_no}", "상점 {shop_no}"),
    "frame.all_shops": ("All shops", "모든 상점"),
    "frame.language": ("Language", "언어"),
    "frame.operators": ("Operators' pages", "운영자 페이지"),
    "frame.made": ("Times in {zone}. This page was made {time}.", "시각은 {zone} 기준이며, 이 페이지는 {time}에 만들어졌습니다."),
    "frame.figures": ("Figures", "통계"),
    "frame.mend": ("Pictures to mend", "고쳐야 할 이미지"),
    "frame.let_us_in": ("Let us in", "접속 허용 방법"),
    "frame.back": ("Go back, or open the page from your shop again.", "이전 페이지로 돌아가거나 상점에서 페이지를 다시 여세요."),
    "problem.400": ("This request cannot be answered", "요청을 처리할 수 없습니다"),
    "problem.400.text": ("The address has a part that this page does not know.", "주소에 이 페이지가 알 수 없는 부분이 있습니다."),
    "problem.401": ("Please open this page from your shop again", "상점에서 페이지를 다시 열어 주세요"),
    "problem.401.text": ("You are not logged in here, or no longer.", "로그인되어 있지 않거나 로그인 시간이 끝났습니다."),
    "problem.403": ("Not allowed", "권한이 없습니다"),
    "problem.403.text": (
        "This page belongs to somebody else's shop, or needs a right that you do not have.",
        "다른 상점의 페이지이거나 필요한 권한이 없습니다.",
    ),
    "problem.404": ("Not found", "찾을 수 없습니다"),
    "problem.404.text": ("There is nothing at this address.", "이 주소에는 아무것도 없습니다."),
    "problem.429": ("Too many requests", "요청이 너무 많습니다"),
    "problem.429.text": ("Wait a moment, then open the page again.", "잠시 후 페이지를 다시 열어 주세요."),
    "problem.503": ("Not available at the moment", "지금은 이용할 수 없습니다"),
    "problem.503.text": (
        "Something that this page needs does not answer. Try again in a minute.",
        "페이지에 필요한 서비스가 응답하지 않습니다. 1분 후 다시 시도해 주세요.",
    ),
    "problem.other": ("Something went wrong", "문제가 발생했습니다"),
    "problem.other.text": (
        "The page could not be shown. Try again in a minute.",
        "페이지를 표시할 수 없습니다. 1분 후 다시 시도해 주세요.",
    ),
}
