"""Texts of the test of an address."""

from typing import Final

TEST: Final = {
    "test.title": ("Test an address", "주소 시험하기"),
    "test.text": (
        "We open the address once, just as we would to store the picture, and show how your server answers. Nothing is stored.",
        "이미지를 저장할 때와 똑같이 주소를 한 번 열어 서버의 응답을 보여 드립니다. 저장하지는 않습니다.",
    ),
    "test.address": ("Address of a picture", "이미지 주소"),
    "test.button": ("Test it", "시험하기"),
    "test.wrong": (
        "This is not an address that can be opened. It begins with http:// or https://, and has no spaces, user name or password.",
        "열 수 있는 주소가 아닙니다. http:// 또는 https://로 시작하고 공백이나 사용자 이름, 비밀번호가 없어야 합니다.",
    ),
    "test.too_many": (
        "Ten addresses were tested within a minute. Wait a minute, then test the next.",
        "1분 동안 주소 10개를 시험했습니다. 1분 뒤에 다시 시험해 주세요.",
    ),
    "test.good": ("This picture can be stored.", "저장할 수 있는 이미지입니다."),
    "test.bad": ("This picture cannot be stored.", "저장할 수 없는 이미지입니다."),
    "test.running": ("The test is under way.", "시험하고 있습니다."),
    "test.again": ("Look again", "다시 확인"),
    "test.expired": (
        "Nobody could test the address in time. That is no fault of your server: test it again in a minute.",
        "제시간에 시험하지 못했습니다. 서버 문제가 아닙니다. 1분 뒤에 다시 시험해 주세요.",
    ),
    "test.unknown": ("This test is not known; tests are kept for a day.", "알 수 없는 시험입니다. 시험 결과는 하루 동안 보관됩니다."),
    "test.status": ("Answer of the server", "서버 응답"),
    "test.redirects": ("Redirects", "리디렉션"),
    "test.announced": ("Type that the server names", "서버가 알린 형식"),
    "test.type": ("Type of the picture", "이미지 형식"),
    "test.size": ("Size", "크기"),
    "test.sides": ("Sides", "가로세로"),
    "test.sides.text": ("{width} by {height} pixels", "가로 {width}, 세로 {height}픽셀"),
    "test.time": ("Time", "걸린 시간"),
    "test.none": ("none", "없음"),
}
